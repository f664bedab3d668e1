import re
import tracemalloc
import typing
from pathlib import Path

import msgspec
import pytest

from ocr_edge.config import Config, load
from ocr_edge.config.load import MAX_BYTES, parse
from ocr_edge.config.settings import Table
from ocr_edge.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "systemd" / "config.example.toml"
SOURCE = '[source]\nurl = "v4l2:/dev/video0"\n'


def test_the_example_holds_the_defaults():
    assert load(EXAMPLE) == parse('[source]\nurl = "picamera2:0"\n', EXAMPLE)


def uncommented() -> str:
    """The example with every key and table that it shows as another choice taken into use."""
    text = EXAMPLE.read_text(encoding="utf-8")
    return re.sub(r"^# (?=(\[+[a-z0-9_.]+\]+|[a-z0-9_]+ = ))", "", text, flags=re.MULTILINE)


def test_the_example_explains_every_key_and_every_choice_loads():
    text = uncommented()
    assert isinstance(parse(text, EXAMPLE), Config)

    def tables(kind: typing.Any) -> set[type[Table]]:
        """A table and the tables in it."""
        found = set()
        if isinstance(kind, type) and issubclass(kind, Table):
            found.add(kind)
            for hint in typing.get_type_hints(kind).values():
                found |= tables(hint)
        for inner in typing.get_args(kind):
            found |= tables(inner)
        return found

    known = {field.name for table in tables(Config) for field in msgspec.structs.fields(table)}
    shown = set(re.findall(r"^([a-z0-9_]+) = ", text, flags=re.MULTILINE))
    shown |= {
        part
        for name in re.findall(r"^\[+([a-z0-9_.]+)\]", text, flags=re.MULTILINE)
        for part in name.split(".")
    }
    assert known - shown == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the key 'source' is missing"),
        ("[source]\nurl = 3", "source.url: found 3, expected a text in quotes"),
        (SOURCE + "intervall_s = 1.0", "source: unknown key 'intervall_s'; did you mean 'interval_s'?"),
        (
            SOURCE + "interval_s = -1",
            "source.interval_s: found -1, expected a number above 0 to 1,000,000,000",
        ),
        (SOURCE + "interval_s = nan", "source.interval_s: nan is no number"),
        (SOURCE + "interval_s = inf", "source.interval_s: inf is no number"),
        (SOURCE + "retry_min_s = 90", "retry_max_s 60.0 is below retry_min_s 90.0"),
        (SOURCE + "rotate = 45", "source.rotate: found 45, expected one of 0, 90, 180, 270"),
        (
            SOURCE + "[[region]]\nname = 'a'\n[region.value]\nunti = ''",
            "region[0].value: unknown key 'unti'; did you mean 'unit'?",
        ),
        (SOURCE + "[[region]]\nname = 'a'\n[[region]]\nname = 'a'", "region 'a' is there twice"),
        (
            SOURCE + "[[region]]\nname = 'Küche 1'",
            "region[0].name: found 'Küche 1', expected 1 to 64 letters a to z",
        ),
        (
            SOURCE + "[[region]]\ncorners = [[1, 2], [3, 4]]",
            "region[0].corners: found [[1, 2], [3, 4]], expected four corners, each [X, Y], such as [[0, 0], [90, 0], ",
        ),
        (SOURCE + "[[picture.mark]]\nbox = [1, 2, 3, 4]", "picture.mark needs picture.reference"),
        (
            SOURCE + "[http]\naddress = '0.0.0.0'",
            "http: address 0.0.0.0 opens it to the network: expected secret_file",
        ),
        (SOURCE + "[http]\naddress = 'pi.local'", "http: address 'pi.local' is no IP address"),
        (SOURCE + "[store]\npath = ''", "store.path: '' is no path"),
        ("zzz = 1\n" + SOURCE, "unknown key 'zzz'; known here are source, id"),
        ("region = []\n" + SOURCE, "region: an empty list"),
        ("x", "is not TOML"),
        ("x = " + "1" * 5000, "is not TOML"),
        ("x = " + "[" * 3000, "too deep in each other"),
        (SOURCE + "a" + ".a" * 150 + " = 1", "too deep in each other"),
        (SOURCE + "a" + ".a" * 200 + ".a = 1", "a line with more than 200 dots"),
        ("[a" + ".a" * 50_000 + "]", "a line with more than 200 dots"),
        ("a" + ". 'b.\u2028' " * 1000 + "= 1", "a line with more than 200 dots"),
        (SOURCE + "x = " + "{x = " * 300 + "1" + "}" * 300, "too deep in each other"),
        ("#" * 2**17 + "\n" + SOURCE, "larger than 128 KiB"),
        ("a" * 100_000 + " = 1\n" + SOURCE, "unknown key"),
        ("threads = 0x" + "f" * 10_000 + "\n" + SOURCE, "threads: "),
        ("threads = 1000\n" + SOURCE, "threads: found 1000, expected a whole number from 1 to 64"),
        ('id = "a\\n"\n' + SOURCE, "id: "),
        ('bundle = "~nobody-of-this-name/x"\n' + SOURCE, "home"),
        (SOURCE + "[[region]]\ncheck = 'luhn'", "check 'luhn' needs a pattern too"),
        (SOURCE + "[[check]]\nname = 'a'\nremainder = 0x" + "f" * 9000, "remainder: "),
        (SOURCE + "[[check]]\nname = 'a'\n[[check]]\nname = 'a'", "check 'a' is there twice"),
        (SOURCE + "[[region]]\n[region.value]\nmin = 5\nmax = 1", "min 5 is above max 1"),
        (
            SOURCE + "[region]\nname = 'a'",
            "region: found a table, [region], expected tables, each with [[region]] in",
        ),
        (SOURCE + "rotate = '90'", "source.rotate: found '90', expected one of 0, 90, 180, 270"),
        ("[[source]]\nurl = 'file:x'", "source: found a list of tables, expected a table, [source]"),
        (
            SOURCE + "[[region]]\n[region.value]\ndirection = 'upp'",
            "region[0].value.direction: found 'upp', expected one of 'any', 'up', 'down'; did you mean 'up'?",
        ),
        (
            SOURCE + "[[region]]\n[region.value]\nrolling = 'left'",
            "found 'left', expected one of '', 'up', 'down'",
        ),
        (SOURCE + "[[region]]\npolarity = 'white'", "found 'white', expected one of 'dark', 'light'"),
        (SOURCE + "[[region]]\nmin_confidence = 80", "found 80, expected a number from 0 to 1, such as 0.8"),
        (
            SOURCE + "[[region]]\nrows = 9",
            "region[0].rows: found 9, expected a whole number from 2 to 4 or 'any'",
        ),
        (
            SOURCE + "size = '1280x720'",
            "found '1280x720', expected width and height in square brackets, such as [1280, 720]",
        ),
        (SOURCE + "size = [0, 720]", "source.size[0]: found 0, expected a whole number from 1 to 65,535"),
        (
            SOURCE + "[stdout]\nenabled = 'no'",
            "stdout.enabled: found 'no', expected true or false, without quotes",
        ),
        (SOURCE + "[stabilize]\ncertainty = 1", "found 1, expected a number above 0 and below 1"),
        (
            SOURCE + "[[region]]\nschedule = '06:00-22:00'",
            "expected a list in square brackets, each a text in quotes",
        ),
        (
            SOURCE + "[webhook]\nurl = 'ftp://me:secret@host/x'",
            "webhook.url: found 'ftp:…', expected an address that ",
        ),
        (
            SOURCE + "[mqtt]\nhost = 'h'\nprefix = 'a b'",
            "mqtt.prefix: found 'a b', expected a topic without # and + ",
        ),
        (
            SOURCE + "[mqtt]\nhost = 'mqtt://h:1'",
            "mqtt.host: found 'mqtt:…', expected the name or address of a machine alone",
        ),
        ("[source]\nurl = 'fle:neg.jpg'", "source.url 'fle:neg.jpg': unknown kind of source; known are "),
        (SOURCE + "[files]\npath = 3", "files.path: found 3, expected a path in quotes"),
        (SOURCE + "[source.lamp]\n", "source.lamp: the key 'line' is missing"),
        (
            SOURCE + '[[region]]\npattern = "\\d+"',
            "line 4 is not TOML: a backslash in double quotes; use single quotes: pattern = '\\d+'",
        ),
        (
            'bundle = "C:\\Users"\n' + SOURCE,
            "line 1 is not TOML: a backslash in double quotes; use single quotes: bundle = 'C:\\Users'",
        ),
        ("id = 'a'\nid = 'b'\n" + SOURCE, "line 2 is not TOML: the key 'id' is there twice; keep one"),
        (SOURCE + "[source]\n", "line 3 is not TOML: [source] is there twice; a table stands once"),
        (
            "id = pi\n" + SOURCE,
            'line 1 is not TOML: id has no value that TOML knows; a text needs quotes: id = "..."',
        ),
        ('id = "pi\n' + SOURCE, "line 1 is not TOML: a text without its closing quote"),
        (SOURCE + "id = 'pi\nthreads = 1", "c.toml: is not TOML: a text without its closing quote"),
        ("id: 'pi'\n" + SOURCE, "line 1 is not TOML: expected KEY = VALUE"),
    ],
)
def test_a_mistake_is_one_line_with_the_place_and_what_to_do(text: str, said: str):
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("c.toml"))
    assert str(caught.value).startswith("c.toml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_tomllib_would_keep_of_a_key_stays_small():
    """As many of the longest keys as fit: each costs the square of its parts."""
    keys = [f"k{number}" + ".a" * 200 + " = 1\n" for number in range(MAX_BYTES // 410)]
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError, match="too deep"):
            parse("".join(keys), Path("c.toml"))
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_a_file_without_end_is_not_read_to_it():
    with pytest.raises(ConfigError, match="larger than 128 KiB"):
        load(Path("/dev/zero"))


def test_a_secret_with_a_slash_is_a_path_and_a_bare_name_is_none(tmp_path: Path):
    text = (
        SOURCE
        + "username = 'me'\npassword_file = 'sub/pw'\n[webhook]\nurl = 'http://x'\ntoken_file = 'token'\n"
    )
    config = parse(text, tmp_path / "c.toml")
    assert config.source.password_file == str(tmp_path / "sub" / "pw")
    assert config.webhook
    assert config.webhook.token_file == "token"


def test_paths_start_at_the_files_folder_but_the_store_at_the_state_folder(tmp_path: Path):
    config = parse(
        SOURCE
        + "[files]\npath = 'log/a.jsonl'\n[store]\npath = 'r.sqlite'\n[picture]\nreference = '/x/y.png'",
        tmp_path / "c.toml",
    )
    assert config.files
    assert config.files.path == tmp_path / "log" / "a.jsonl"
    assert config.picture.reference == Path("/x/y.png")
    assert config.store.path == Path("r.sqlite")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file; name yours with --config FILE"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"\xef\xbb\xbf", "missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None, said: str):
    path = tmp_path / "c.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(path)
