"""One picture's verdicts: in letters and digits, as written, and of a part of the truth, by the rules of its set."""

from collections.abc import Callable, Sequence

from lib.picture_sets import Example, Rules
from lib.scoring import Judged, as_written, judge, judge_values, normalise

PLAIN, WRITTEN, PART = "score", "written", "part"
"""Names of the verdicts: letters and digits alone, with punctuation and spaces, part of the truth."""


def judged(example: Example, said: str, rules: Rules, labels: Sequence[str]) -> dict[str, Judged]:
    """The verdicts on a picture.

    Args:
        example: The picture with its truth.
        said: What a system said, lines separated by newlines.
        rules: Of its set.
        labels: What the bundle can produce.

    Returns:
        ``PLAIN`` always; ``WRITTEN`` where the truth has marks, ``PART`` where a part of it may be right.
    """

    def plain(text: str) -> str:
        return normalise(text, labels, ignore_case=rules.ignore_case, only=rules.only)

    def marked(text: str) -> str:
        return as_written(text, labels, ignore_case=rules.ignore_case, only=rules.only)

    if rules.measure == "values":
        return _values(example, said.splitlines(), plain, marked)
    verdicts = {PLAIN: judge(plain(example.truth), plain(said), rules.measure)}
    if rules.marks:
        verdicts[WRITTEN] = judge(marked(example.truth), marked(said), rules.measure)
    if rules.part:
        verdicts[PART] = judge(plain(example.part), plain(said), rules.measure)
    return verdicts


def _values(
    example: Example, lines: Sequence[str], plain: Callable[[str], str], marked: Callable[[str], str]
) -> dict[str, Judged]:
    """The verdicts on a picture of which some values are wanted; the part of a truth is a value inside a line."""
    said, values = [plain(line) for line in lines], [plain(value) for value in example.values]
    # Of values, marks count and spaces do not: people write 3 560070 169443, and how wide a gap is a space is taste.
    with_marks = [[marked(text).replace(" ", "") for text in texts] for texts in (example.written, lines)]
    return {
        PLAIN: judge_values(values, said),
        WRITTEN: judge_values(*with_marks),
        PART: judge_values(values, said, whole=False),
    }
