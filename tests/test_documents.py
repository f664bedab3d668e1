"""Documents for people who change the program: every file, page and room that they name exists."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from ocr_edge import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md", "docs/adding.md")
TRIED = {"edge/ocr_edge/sinks/influx.py", "edge/ocr_edge/sources/arrays.py", "tests/edge/test_influx.py"}
"""Files that the reader is to make."""
TOPS = ("edge", "train", "convert", "tests", "docs", "systemd", "benchmarks", "locks", "examples", ".ci")


def spoken(name):
    return (ROOT / name).read_text(encoding="utf-8")


def code(text):
    """What stands in backquotes or in a code block."""
    return [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)]


def named(text):
    """Files and folders, from the root of the repository."""
    pattern = rf"(?<![\w/.])(?:{'|'.join(map(re.escape, TOPS))})/[\w./-]*\w"
    return {path for part in code(text) for path in re.findall(pattern, part)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name):
    found = named(spoken(name))
    assert len(found) > 3
    missing = {path for path in found if not (ROOT / path).exists()} - TRIED
    assert missing == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", spoken(name)):
        page = (ROOT / name).parent / target if target else ROOT / name
        assert page.exists(), f"{name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
            slugs = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs, f"{name}: {target}#{anchor}"


def rows(text, heading):
    """First cells of the table below a heading."""
    part = re.split(r"^## ", text.partition(heading)[2], maxsplit=1, flags=re.M)[0]
    return [
        re.findall(r"`([^`]+)`", line.split("|")[1]) for line in part.splitlines() if line.startswith("| `")
    ]


def test_the_rooms_of_the_device_are_those_of_the_import_rules_in_the_same_order():
    told = rows(spoken("docs/architecture.md"), "## Rooms of the device")
    flat = [cell.removesuffix("/").removesuffix(".py") for row in told for cell in row]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rules = next(c for c in project["tool"]["importlinter"]["contracts"] if c.get("exhaustive"))
    assert {part.strip() for layer in rules["layers"] for part in layer.split("|")} == set(flat)
    place = {name: number for number, row in enumerate(told) for cell in row for name in [cell.rstrip("/")]}
    order = [
        place.get(f"{part.strip()}.py", place.get(part.strip()))
        for layer in rules["layers"]
        for part in layer.split("|")
    ]
    assert order[2:] == sorted(order[2:])  # the first two are one row
    for row in told:
        assert all((ROOT / "edge/ocr_edge" / cell).exists() for cell in row)


def test_the_rooms_of_the_workstation_exist():
    told = [cell for row in rows(spoken("docs/architecture.md"), "## The workstation") for cell in row]
    assert len(told) > 20
    assert [cell for cell in told if not (ROOT / "train/ocr_train" / cell).exists()] == []


def test_names_in_the_picture_of_a_reading_are_files_of_their_room():
    picture = re.search(r"^```mermaid\nflowchart TD\n(.*?)^```", spoken("docs/architecture.md"), re.M | re.S)[
        1
    ]
    found = re.findall(r"<b>(\w+)/</b> ([\w., ]+?\.py)<br>", picture)
    assert len(found) > 8
    for room, files in found:
        for file in files.split(", "):
            assert (ROOT / "edge/ocr_edge" / room / file).exists(), f"{room}/{file}"


def test_names_in_capitals_stand_in_the_file_named_beside_them():
    text = spoken("docs/adding.md")
    pairs = [
        (name, file)
        for names, file in re.findall(r"((?:`_?[A-Z_]+`(?:, | and )?)+) (?:of|in) `([\w/.]+\.py)`", text)
        for name in re.findall(r"`([A-Z_]+)`", names)
    ]
    assert len(pairs) >= 6
    for name, file in pairs:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        targets = [
            t
            for n in tree.body
            if isinstance(n, ast.Assign | ast.AnnAssign)
            for t in getattr(n, "targets", [getattr(n, "target", None)])
        ]
        assert name in {t.id for t in targets if isinstance(t, ast.Name)}, f"{name} in {file}"


def typed(text):
    """The commands of ``ocr-edge`` in code blocks, without what the shell does with them."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.M | re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    for line in lines:
        if re.match(r"(sudo )?(\.venv/edge/bin/)?ocr-edge ", line):
            yield shlex.split(line.partition(" > ")[0].removeprefix("sudo "), comments=True)[1:]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/start.md",
        "docs/regions.md",
        "docs/reading.md",
        "docs/running.md",
        "docs/samples.md",
        "docs/drift.md",
    ],
)
def test_every_command_of_a_page_is_understood(page):
    commands = list(typed(spoken(page)))
    assert commands
    for command in commands:
        # As main does it: a pattern or format may begin with a dash.
        assert cli.parser().parse_args(cli._joined(command)).run, command
