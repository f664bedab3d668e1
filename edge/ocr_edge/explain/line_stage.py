"""Picture 3: the strips that the line stage was given, what it says of each step, and what was made of it."""

from ocr_edge.contract.types import Image
from ocr_edge.explain import drawing, heat
from ocr_edge.explain.said import Said
from ocr_edge.explain.strips import BEST, place_heading, sheet
from ocr_edge.explain.trace import READERS, PlaceTrace, Trace, refused
from ocr_edge.reading import UNREADABLE
from ocr_edge.recognize.line_reader import SURE_CHARACTER, SURE_LINE

OTHERS = 24
"""Most strips shown that no place was read from."""
LOW = 48
"""Rows that such a strip is drawn with."""

SURE = f"the line stage is {SURE_LINE:.0%} sure or more, or its characters {SURE_CHARACTER:.0%}"
"""Why the character stages are not asked."""


def draw(trace: Trace) -> Image:
    """For each of the best places its strip with the posteriors under it, then the strips that led to nothing."""
    shown = [(item, item.said) for item in trace.places if item.said]
    blocks = [_block(trace, item, said) for item, said in shown[:BEST]]
    notes = (
        "Each strip as the network sees it: colours, below them the ink, below that what was read.",
        "A row for each label that is likelier than 5 % somewhere, the blank last; a column is a step of 4 pixels.",
        "The darker, the likelier. Green frames: the way on which the text is written.",
    )
    picture = sheet("3. Line stage", notes, blocks, len(shown), missing=_missing(trace))
    told = [(said, fate) for said, fate in trace.others if said.free or said.text]
    if not told:
        return picture
    # What says something first: specks are many.
    told.sort(key=lambda pair: (not pair[0].says_marks_alone, pair[0].free_confidence), reverse=True)
    title = drawing.heading("Strips that no place was read from", _left_out(trace, told))
    return drawing.stack(
        [picture, title, drawing.tiles([_other(said, fate) for said, fate in told[:OTHERS]])]
    )


def both(item: PlaceTrace) -> list[str]:
    """How the two stages' answers were weighed, line by line; empty where only one was asked."""
    if item.place.strip is None or (item.cut is None and item.place.cut is None):
        return []
    by_line = item.place.strip.rated.line.text
    cut = item.cut.reading if item.cut else item.place.cut
    if cut is None:
        return [f"the character stages: {_silent(item)}"]
    if (weighed := item.place.weighed) is None:
        why = "unreadable characters in it" if UNREADABLE in cut.line.text else "the same letters and digits"
        return [f'the character stages read "{cut.line.text}": {why}, so the line stage\'s text stands']
    chosen = "the character stages'" if weighed.prefers_cut else "the line stage's"
    texts = f'"{by_line}" / "{cut.line.text}"'
    return [
        f"two answers, the line stage's / the character stages': {texts}",
        f"the line stage scores them {weighed.line_by_line:.1f} / {weighed.cut_by_line:.1f} nats",
        f"sure of their own: {weighed.line_confidence:.0%} / {weighed.cut_confidence:.0%}",
        f"chosen: {chosen}: together {weighed.for_line:.1f} / {weighed.for_cut:.1f}",
    ]


def against(said: Said, min_margin: float | None) -> list[str]:
    """What a pattern made of a strip; empty where there is none."""
    if min_margin is None:
        return []
    free = f'without the pattern: "{said.free}", {said.free_confidence:.0%} sure'
    if said.tried.found is None:
        return [free, refused(said, min_margin)]
    return [free, f'with it: "{said.text}", {said.margin:.1f} nats behind, {min_margin:g} allowed']


def _silent(item: PlaceTrace) -> str:
    assert item.place.strip is not None
    if item.place.strip.is_sure:
        return f"not asked in the end, as {SURE}"
    return "no reading"


def _block(trace: Trace, item: PlaceTrace, said: Said) -> list[Image]:
    tried = said.tried
    ink = f"{tried.polarity.value} ink" if tried.polarity else "ink guessed"
    size = f"{tried.box.width} x {tried.box.height} pixels of {trace.name(item.look)}, {ink}"
    if tried.found is None:
        first = f"the line stage has no reading ({size})"
    else:
        first = f'the line stage reads "{said.text}", {said.confidence:.0%} sure ({size})'
    reader = f"read by {READERS[item.reader]}" if item.reader else ""
    notes = [reader, first, *against(said, trace.min_margin), *both(item)]
    if item.cut is None and item.place.cut is None and trace.labels:
        notes.append(_unasked(item))
    return [place_heading(item, trace.labels, *notes), *heat.draw(said, trace.line_labels)]


def _unasked(item: PlaceTrace) -> str:
    strip = item.place.strip
    if strip and strip.is_sure:
        return f"the character stages were not asked, as {SURE}"
    if strip and not item.place.lines:
        return "all of the picture as one line stood against the lines that were found in it"
    return "the character stages saw no character"


def _missing(trace: Trace) -> str:
    if not trace.line_labels:
        return "Nothing to show: no line stage reads."
    return "Nothing to show: the line stage said nothing that became a place."


def _left_out(trace: Trace, told: list[tuple[Said, str]]) -> list[tuple[str, drawing.Colour]]:
    silent, hidden = len(trace.others) - len(told), max(0, len(told) - OTHERS)
    notes = [(f"{hidden} more are left out; explain.json has them all", drawing.ORANGE)] if hidden else []
    return notes + ([(f"{silent} more of which nothing is said", drawing.GREY)] if silent else [])


def _other(said: Said, fate: str) -> Image:
    rgb = said.tried.posteriors.rgb
    shown = drawing.enlarged(rgb, min(LOW / rgb.shape[0], (drawing.WIDEST - 40) / rgb.shape[1]))
    text = f'"{said.text or said.free}"  {said.confidence or said.free_confidence:.0%}'
    return drawing.stack([drawing.heading(text, [(fate, drawing.GREY)], drawing.NORMAL), shown], 2)
