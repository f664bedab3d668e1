"""Configurations made wrong, and handed to ``ocr-edge check``: the parts that need no network, disk or pin."""

import contextlib
import functools
import io
import json
import random
import re
from collections import Counter
from pathlib import Path

from ocr_edge.cli import main
from ocr_edge.diagnose import configuration, examine, regions
from tests.attack.child import Child
from tests.attack.mutate import mutate

OUTCOMES: Counter[str] = Counter()
"""How often inputs were taken and refused, of those of ``attack``."""
EXAMPLE = Path(__file__).parents[2] / "systemd" / "config.example.toml"
SHORT = """
[source]
url = "v4l2:/dev/video0"
[[region]]
name = "meter"
corners = [[10.5, 10], [200, 10], [200, 60], [10, 60]]
pattern = '\\d{5}'
check = "luhn"
schedule = ["06:00-22:00"]
[region.value]
unit = "m³"
min = 0.0
max = 99999.0
"""
ALIKE = 0.7
"""Share of new values that are of the sort of the old one, and so get further."""
VALUES = (
    *(
        "0",
        "-1",
        "1",
        "0.5",
        "5",
        "100",
        "1e6",
        "99999999999",
        "1e308",
        "-1e308",
        "1e-308",
        "inf",
        "-inf",
        "nan",
    ),
    *("9" * 4000, "9" * 5000, "0x" + "f" * 9000, "true", "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00"),
    *("''", "'x'", '"\\u0000"', '"\\n"', '"é\\u2028"', "'" + "x" * 5000 + "'", "'''" + "\n" * 50 + "'''"),
    *(
        "'[A-Z]{2}\\d{1,4}'",
        "'-?\\d+(\\.\\d)?'",
        "'\\d{400}'",
        "'.{3}'",
        "'[0-9A-Z]*'",
        "'a?'",
        "'[^'",
        "'\\d{9999}'",
    ),
    *("'(a+)+b'", "'(a|a)*{9}'", "'((((a{99}){99}){99}){99})'", "'" + "(" * 500 + "a" + ")" * 500 + "'"),
    *(
        "'luhn'",
        "'mod97'",
        "'iban'",
        "'00:00-00:00'",
        "['25:99-xx']",
        "'23:00-05:00'",
        "'/'",
        "'.'",
        "'~nobody/x'",
    ),
    *(
        "'v4l2:'",
        "'rtsp://[::1'",
        "'http://:::'",
        "'dir:/dev/null'",
        "'picamera2:99999999999'",
        "'/dev/zero'",
    ),
    *("'http://127.0.0.1:1/x'", "'file:/dev/zero'", "'dir:/proc'", "'video:/dev/zero'", "'/proc/self/mem'"),
    *(
        "[]",
        "{}",
        "[[]]",
        "[1]",
        "[0, 0]",
        "[1, 1]",
        "[640, 480]",
        "[-5, 1e9]",
        "[99999, 99999]",
        "{a = {b = {}}}",
    ),
    *("[[0, 0], [640, 0], [640, 480], [0, 480]]", "[[1, 1], [1, 1], [1, 1], [1, 1]]", "[[0, 0, 9, 9]]"),
    *("[[1, 2], [3, 4], [5, 6], [7, 8]]", "[[-1e9, 0], [1e9, 0], [1e9, 1], [-1e9, 1]]"),
    *("[" * 50 + "]" * 50, "[" * 2000 + "]" * 2000, "{a=" * 400 + "1" + "}" * 400),
)
KEYS = (
    "a",
    "a" + ".a" * 100,
    "a" + ".a" * 5000,
    "'a'.\"b\"",
    "é",
    "''",
    "source",
    "region",
    "[x",
    "__proto__",
    "x" * 9000,
)


def attack(seed: int, folder: Path) -> str | None:
    """Make one configuration wrong, hand it over, and say what went wrong with that; None when nothing did.

    Args:
        seed: Decides everything.
        folder: Where the configuration is written, and stays when something goes wrong.
    """
    outcome, failure = _child().ask(seed, folder)
    OUTCOMES[outcome] += 1
    return failure


def made(seed: int) -> bytes:
    """The content of the configuration of a seed."""
    chance = random.Random(seed)
    text = chance.choice((SHORT, SHORT, _example()))
    for _ in range(chance.choice((1, 1, 2, 4))):
        text = _changed(text, chance)
    content = text.encode()
    return mutate(content, chance, SHORT.encode()) if chance.random() < 0.2 else content


def handed_over(seed: int, folder: Path) -> tuple[str, str | None]:
    """The command's way with the configuration of a seed."""
    path = folder / f"{seed}.toml"
    path.write_bytes(made(seed))
    examine.CONFIGURATION = (configuration.source, configuration.bundle, regions.regions)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["check", "--json", "--config", str(path)])
    said = json.loads(out.getvalue())["checks"] if out.getvalue() else []
    lines = err.getvalue().splitlines()
    if code not in {0, 1, 2, 3}:
        return "failed", f"exit code {code}"
    if not all(re.match(r"(ERROR|WARNING): ", line) and len(line) < 2000 for line in lines):
        return "failed", f"not clear lines on stderr: {' / '.join(lines)[:300]}"
    if any(each["level"] == "unknown" for each in said):
        return "failed", f"a check failed itself: {str(said)[:300]}"
    refused = any(line.startswith("ERROR") for line in lines) or any(each["code"] == 2 for each in said)
    if (code == 2) != refused:
        return "failed", f"exit code {code} and: {lines} {str(said)[:300]}"
    path.unlink()
    return "refused" if code > 1 else "taken", None


@functools.cache
def _child() -> Child:
    return Child(__name__)


@functools.cache
def _example() -> str:
    """The example with every key in use, but for where things are kept and what hangs on a reference picture."""
    text = EXAMPLE.read_text("utf-8").replace('url = "picamera2:0"', 'url = "v4l2:/dev/video0"')
    text = re.sub(r"^# (?=(\[+[a-z0-9_.]+\]+|[a-z0-9_]+ = ))", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\[\[picture\.mark\]\].*?^$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^(state_dir|bundle|reference) = ", "# ", text, flags=re.MULTILINE)


def _sort(value: str) -> str:
    """Whether a value is a text, a list or table, or something else, by how it begins."""
    return {"'": "text", '"': "text", "[": "list", "{": "list"}.get(value[:1], "")


def _changed(text: str, chance: random.Random) -> str:
    """A text with a key, a value, a line or the order of lines changed."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    assigned = [index for index, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line)]
    if not assigned:
        return text + "x = 1"
    key = chance.choice(assigned)
    match chance.randrange(8):
        case 0 | 1 | 2:
            name, _, old = lines[key].partition(" = ")
            alike = [value for value in VALUES if _sort(value) == _sort(old)]
            lines[key] = f"{name} = {chance.choice(alike if chance.random() < ALIKE else VALUES)}"
        case 3:
            lines[key] = f"{chance.choice(KEYS)} = {lines[key].partition(' = ')[2]}"
        case 4:
            lines[at:at] = [f"{chance.choice(KEYS)} = {chance.choice(VALUES)}"]
        case 5:
            lines[at:at] = [chance.choice(("[{}]", "[[{}]]", "[{}")).format(chance.choice(KEYS))]
        case 6:
            lines[at : at + 3] = lines[at : at + 3] * chance.choice((0, 2, 2, 300))
        case 7:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)
