"""Configurations that the page changes: what is not meant stays as it was written, and no comment is lost."""

import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tomlkit", reason="tomlkit is not installed")

from ocr_edge.config.edit import edited
from ocr_edge.errors import ConfigError

NASTY = """\
# head
id = "x"   # device
[source]
url = "file:a"  # a picture

# The first meter
[[region]]
name = "a"   # its name
value.unit = "V"
corners = [ [1,2], [3, 4],   # why
  [5,6], [7,8]]
# tail of a

# The second meter
[[region]]
name = "b"
# inside of b
pattern = '\\d{5}'

[region.value]
unit = "A" # amps
# inside of the value

# The third
[[region]]
name = "c"
value = { unit = "W", min = 0 } # inline

# the broker
[mqtt]
host = "h"

[picture]     # the picture
min_match = 0.5   # marks in fog
[[picture.mark]]  # the screw
box = [1, 2, 30, 40]

# the logo
[[picture.mark]]
box = [50, 60, 30, 40] # left, top
# end
"""
INLINE = """\
[source]
url = "file:a"
[picture]
mark = [ {box = [1, 2, 30, 40]}, # the screw
         # the logo
         {box = [50, 60, 30, 40]} ]
"""
REGIONS_INLINE = """\
region = [
  { name = "a", value = { unit = "V" } }, # first
  # about b
  { name = "b" },
]
source = { url = "file:a" } # short
picture.min_match = 0.5 # dotted
"""
SPLIT_PICTURE = """\
[source]
url = "file:a"
[picture]
size = [640, 480]   # wide
[[region]]
name = "a"
# marks at last
[[picture.mark]]
box = [1, 2, 30, 40]
"""
NEW = {
    "name": "n",
    "corners": [[1, 2], [3, 4], [5, 6], [7, 8]],
    "value": {"unit": "°C", "min": -1.5},
    "when": {"region": "a", "matches": "k\\Wh"},
}


def plain(text: str) -> dict:
    return tomllib.loads(text)


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if line.lstrip().startswith("#")]


def lines_changed(before: str, after: str) -> tuple[set[str], set[str]]:
    one, other = set(before.splitlines()), set(after.splitlines())
    return one - other, other - one


def test_nothing_changes_where_nothing_is_wanted_otherwise():
    for text in (NASTY, INLINE, REGIONS_INLINE, SPLIT_PICTURE):
        now = plain(text)
        same = {name: now[name] for name in ("region", "picture") if name in now}
        assert edited(text, same, range(len(now.get("region", [])))) == text


def test_one_value_changes_one_line_and_keeps_its_comment():
    now = plain(NASTY)
    now["region"][1]["value"]["unit"] = "mA"
    now["picture"]["min_match"] = 0.6
    after = edited(NASTY, {"region": now["region"], "picture": now["picture"]}, [0, 1, 2])
    assert lines_changed(NASTY, after) == (
        {'unit = "A" # amps', "min_match = 0.5   # marks in fog"},
        {'unit = "mA" # amps', "min_match = 0.6   # marks in fog"},
    )


def test_a_new_key_stands_in_its_table_before_the_comments_of_the_next_one():
    now = plain(NASTY)
    now["region"][0] |= {"min_confidence": 0.8}
    now["region"][0]["value"] |= {"min": 0}
    after = edited(NASTY, {"region": now["region"]}, [0, 1, 2])
    assert lines_changed(NASTY, after) == (set(), {"min_confidence = 0.8", "value.min = 0"})
    first = after[after.index("# The first") : after.index("# The second")]
    assert "min_confidence" in first
    assert first.index("min_confidence") < first.index("# tail of a")


def test_a_new_region_stands_after_the_others_with_its_tables():
    now = plain(NASTY)["region"]
    after = edited(NASTY, {"region": [*now, NEW]}, [0, 1, 2, None])
    assert plain(after)["region"] == [*now, NEW]
    assert lines_changed(NASTY, after)[0] == set()
    assert after.index('name = "n"') < after.index("# the broker") < after.index("[mqtt]")
    assert "\n\n[[region]]\n" in after


def test_a_region_goes_and_every_line_that_is_a_comment_stays():
    now = plain(NASTY)["region"]
    after = edited(NASTY, {"region": now[2:]}, [2])
    assert plain(after)["region"] == now[2:]
    assert comments(after) == comments(NASTY)
    after = edited(NASTY, {"region": []}, [])
    assert "region" not in plain(after)
    assert sorted(comments(after)) == sorted(comments(NASTY))
    assert plain(after)["mqtt"] == {"host": "h"}


def test_a_table_is_made_where_there_is_none():
    head = '[source]\nurl = "file:a"   # no line end'
    after = edited(
        head, {"region": [NEW], "picture": {"search": 0.2, "mark": [{"box": [1, 2, 3, 4]}]}}, [None]
    )
    assert after.startswith(head + "\n")
    assert plain(after) == plain(head) | {
        "region": [NEW],
        "picture": {"search": 0.2, "mark": [{"box": [1, 2, 3, 4]}]},
    }
    assert edited(after, {"region": [], "picture": {}}, []).strip() == head


def test_regions_and_marks_in_inline_lists_stay_inline():
    now = plain(REGIONS_INLINE)
    after = edited(
        REGIONS_INLINE,
        {"region": [now["region"][1] | {"rotate": 90}, NEW], "picture": {"min_match": 0.7, "search": 0.2}},
        [1, None],
    )
    assert "[[" not in after.replace("[[1", "")
    assert {"# about b", "# short", "# dotted"} <= set(re.findall("# [a-z ]+", after))
    marks = plain(INLINE)["picture"]["mark"]
    after = edited(INLINE, {"picture": {"mark": [*marks, {"box": [9, 9, 30, 30]}]}}, [])
    assert {"# the screw", "# the logo"} <= set(re.findall("# [a-z ]+", after))


def test_a_table_in_two_places_is_changed_where_it_stands():
    picture = plain(SPLIT_PICTURE)["picture"]
    picture["mark"].append({"box": [50, 60, 30, 40]})
    after = edited(SPLIT_PICTURE, {"picture": picture | {"min_match": 0.6}}, [])
    assert comments(after) == comments(SPLIT_PICTURE)
    assert "# wide" in after


def test_windows_line_ends_stay():
    text = NASTY.replace("\n", "\r\n")
    now = plain(text)["region"]
    after = edited(text, {"region": [*now, NEW]}, [0, 1, 2, None])
    assert "\n" not in after.replace("\r\n", "")


def test_what_would_have_to_be_moved_is_refused():
    text = (
        '[source]\nurl = "x"\n[[region]]\nname = "a"\n[mqtt]\nhost = "h"\n# about b\n[[region]]\nname = "b"\n'
    )
    with pytest.raises(ConfigError, match=r"by hand: .*\[\[region\]\], do not stand one after the other"):
        edited(text, {"region": [NEW]}, [None])
    with pytest.raises(ConfigError, match="by hand"):
        edited("[source\n", {"region": [NEW]}, [None])


@settings(max_examples=60, deadline=None)
@given(
    kept=st.sets(st.sampled_from([0, 1, 2])),
    more=st.integers(0, 2),
    keys=st.dictionaries(
        st.sampled_from(["rotate", "pattern", "min_confidence", "value", "schedule"]),
        st.sampled_from([90, "[A-Z]#", 0.5, {"unit": "#"}, ["06:00-22:00"]]),
    ),
    marks=st.integers(0, 3),
)
def test_what_is_wanted_is_what_is_read_and_comments_stay(kept, more, keys, marks):
    now = plain(NASTY)
    regions = [now["region"][place] | keys for place in sorted(kept)] + [NEW] * more
    picture = {"mark": [{"box": [place, 2, 30, 40]} for place in range(marks)]} if marks else {}
    after = edited(NASTY, {"region": regions, "picture": picture}, [*sorted(kept), *[None] * more])
    wanted = now | {"region": regions, "picture": picture}
    assert {name: value for name, value in plain(after).items() if value} == {
        name: value for name, value in wanted.items() if value
    }
    assert sorted(comments(after)) == sorted(comments(NASTY))
