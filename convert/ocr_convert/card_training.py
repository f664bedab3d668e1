"""What the card says of training: sources, their terms, recipes, teachers."""

from collections.abc import Iterator, Sequence
from typing import Any

from ocr_convert import card_lines, card_scenes
from ocr_convert.markdown import table

Plain = dict[str, Any]
NOT_STATED = "none stated"


def text(training: Plain, stages: Sequence[str]) -> str:
    """The section on training, from the manifest's ``training``.

    Args:
        training: ``runs``, oldest first.
        stages: File of each stage.
    """
    runs = [run for run in training.get("runs", []) if run.get("recipe")]
    if not runs:
        return "Not recorded: the network came without the record of its run, so the terms of its data are unknown.\n"
    parts = []
    for index, run in enumerate(runs):
        stage = run.get("stage", 1)
        if len(stages) > 1 and (not index or runs[index - 1].get("stage", 1) != stage):
            parts.append(f"### {stages[stage - 1]}\n")
        first = not index or runs[index - 1].get("stage", 1) != stage
        parts += _run(run, follows=not first)
    parts.append("Sets whose writers are unknown are split at random and so are not writer-disjoint.\n")
    parts.append(_terms(runs))
    return "\n".join(parts)


def _run(run: Plain, *, follows: bool) -> Iterator[str]:
    if follows:
        yield "Then, from the weights of the run above:\n"
    recipe, data = run["recipe"], list(run.get("data", {}).values())
    sources = recipe.get("sources", [])
    # The record keeps the recipe's order.
    data = data if len(data) == len(sources) else [{}] * len(sources)
    yield table(
        ["source", "training samples", "weight", "terms"],
        [
            [source["data"], _count(entry), f"{source['weight']:g}", _flagged(_stated(source))]
            for source, entry in zip(sources, data, strict=True)
        ],
    )
    yield {"line": card_lines.recipe, "detect": card_scenes.recipe}.get(recipe.get("stage"), _recipe)(run)
    if average := recipe.get("average"):
        yield f"The weights are an exponential average that keeps {average:g} of itself at each step.\n"
    if teachers := run.get("teachers"):
        yield _taught(teachers, recipe)
    if tuned := run.get("tuned"):
        yield _tuned(tuned)


def _recipe(run: Plain) -> str:
    recipe, versions = run["recipe"], run.get("versions", {})
    return (
        f"Recipe: {recipe['epochs']} epochs of {recipe['epoch_samples']:,} samples, seed"
        f" {recipe.get('seed')}, best epoch {run.get('best_epoch')}; commit {run.get('commit') or 'unknown'};"
        f" Keras {versions.get('keras')} on {versions.get('backend')}, Python {versions.get('python')}.\n"
    )


def _count(entry: Plain) -> str:
    left_out = f" ({entry['left_out']:,} left out)" if entry.get("left_out") else ""
    return f"{entry.get('n', 0):,}{left_out}"


def _taught(teachers: Sequence[Plain], recipe: Plain) -> str:
    """Who taught it: one line a teacher."""
    lines = [
        f"Distilled: {recipe.get('distill', 0):.0%} of each target is what its teachers say on average.\n"
    ]
    for teacher in teachers:
        run = teacher.get("run") or {}
        theirs = run.get("recipe") or {}
        what = (
            f"{theirs['architecture']}, {theirs['epochs']} epochs, seed {theirs.get('seed')}"
            if theirs
            else "not recorded"
        )
        lines.append(f"- {what} (SHA-256 {str(teacher.get('sha256', ''))[:12]}…)")
    return "\n".join(lines) + "\n"


def _tuned(tuned: Plain) -> str:
    """What was chosen when it was tuned: the plain values of the record."""
    plain = {key: value for key, value in tuned.items() if isinstance(value, str | int | float)}
    return (
        "Tuned to a user's own characters: "
        + ", ".join(f"{key} {value}" for key, value in plain.items())
        + ".\n"
    )


def _terms(runs: Sequence[Plain]) -> str:
    """The sources by their terms, those of teachers and of earlier runs too."""
    by_terms: dict[str, list[str]] = {}
    for source in _sources(runs):
        names = by_terms.setdefault(_stated(source), [])
        if source["data"] not in names:
            names.append(source["data"])
    rows = [[_flagged(terms), ", ".join(names)] for terms, names in sorted(by_terms.items())]
    note = "A network learns from all of its sources at once. Whoever uses it for more than research asks"
    return (
        "### Terms\n\n"
        + table(["terms", "sources, those of teachers included"], rows)
        + f"\n{note} first what the terms of each of these sources allow; where none are stated, nothing is.\n"
    )


def _sources(runs: Sequence[Plain]) -> Iterator[Plain]:
    for run in runs:
        yield from (run.get("recipe") or {}).get("sources", [])
        behind = [teacher.get("run") for teacher in run.get("teachers", [])]
        behind.append((run.get("initial") or {}).get("run"))
        yield from _sources([one for one in behind if one])


def _stated(source: Plain) -> str:
    return str(source.get("terms") or NOT_STATED).strip()


def _flagged(terms: str) -> str:
    """Terms as the card shows them: what restricts use is told from what does not."""
    if terms.casefold() == NOT_STATED:
        return "**none stated** (no permission known)"
    return f"{terms} (**research only**)" if "research" in terms.casefold() else terms
