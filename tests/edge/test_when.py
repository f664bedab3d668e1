"""Regions that count only in frames in which another one shows something: displays with pages."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.config.load import parse
from ocr_edge.daemon.condition import WAITS_S
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWN = {"15346": "cheque-4.jpg", "5558": "cheque-2.jpg"}
"""Amounts stand for what a display shows: a title in the left region, a number in the right one."""
SIZE = (54, 150)
PLACES = {"title": (20, 20), "number": (240, 20)}
HEAD = '[source]\nurl = "file:x"\n'


@pytest.fixture(scope="module")
def model() -> bundles.Bundle:
    return bundles.load()


def display(title: str, number: str) -> np.ndarray:
    image = np.full((100, 420, 3), (150, 170, 180), np.uint8)
    for text, (left, top) in zip((title, number), PLACES.values(), strict=True):
        if not text:
            continue
        crop = pictures.load(EXAMPLES / SHOWN[text])
        scale = SIZE[0] / crop.shape[0]
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:, : SIZE[1]]
        image[top : top + SIZE[0], left : left + SIZE[1]] = np.median(crop, axis=(0, 1)).astype(np.uint8)
        image[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return image


def region(name: str, place: str, more: str = "") -> str:
    (left, top), (high, wide) = PLACES[place], SIZE
    corners = [[left, top], [left + wide, top], [left + wide, top + high], [left, top + high]]
    return f'[[region]]\nname = "{name}"\ncorners = {corners}\n{more}\n'


def waiting(name: str, matches: str, more: str = "", title: str = "title") -> str:
    return region(name, "number", f"when = {{ region = '{title}', matches = '{matches}' }}\n{more}")


PAGES = (
    waiting("long", r"\d{5}", "[region.value]")
    + waiting("short", r"\d{4}", "[region.value]")
    + region("title", "title")
)


def scene(model: bundles.Bundle, text: str = PAGES) -> Scene:
    return Scene(parse(HEAD + text, Path("c.toml")), model, Counters())


def frames(*images: np.ndarray, start: float = 0.0, step: float = 0.5) -> list[Frame]:
    return [
        Frame(image, 1e9 + start + index * step, start + index * step, "camera")
        for index, image in enumerate(images)
    ]


def look(scene: Scene, *images: np.ndarray, start: float = 0.0) -> list[Reading]:
    return [said for frame in frames(*images, start=start) for said in scene.look(frame)]


def said_of(readings: list[Reading], *names: str) -> list[tuple[str, str]]:
    return [(reading.region, reading.text) for reading in readings if reading.region in names]


def test_each_page_of_a_display_has_one_value_of_its_own(model: bundles.Bundle):
    pages = [display("15346", "5558"), display("5558", "15346")]
    readings = look(scene(model), *[page for page in pages * 3 for _ in range(5)])
    assert said_of(readings, "long", "short") == [("long", "5558"), ("short", "15346")]


def test_a_page_is_waited_for_and_the_state_says_so_until_it_was_there(model: bundles.Bundle):
    scene_ = scene(model)
    look(scene_, *[display("5558", "15346")] * 4)
    assert scene_.problems == {"region long": r"waits for title to match \d{5}"}
    look(scene_, *[display("15346", "5558")] * 4, start=2)
    assert scene_.problems == {}
    look(scene_, *[display("15346", "5558")] * 3, start=5 + WAITS_S)
    assert scene_.problems == {"region short": r"waits for title to match \d{4}"}


def test_a_title_that_is_gone_stops_what_waits_for_it(model: bundles.Bundle):
    scene_ = scene(model)
    look(scene_, *[display("15346", "5558")] * 4)
    # The new number stands without a title: it may be anything.
    assert said_of(look(scene_, *[display("", "15346")] * 8, start=10), "long") == []
    assert said_of(look(scene_, *[display("15346", "15346")] * 8, start=20), "long") == [("long", "15346")]


def test_a_title_less_sure_than_its_region_wants_does_not_count(model: bundles.Bundle):
    unsure = waiting("long", r"\d{5}") + region("title", "title", "min_confidence = 1.0")
    scene_ = scene(model, unsure)
    assert look(scene_, *[display("15346", "5558")] * 5) == []
    assert "region long" in scene_.problems


def test_a_picture_that_does_not_change_is_not_read_for_those_that_wait(model: bundles.Bundle):
    scene_ = scene(model, waiting("short", r"\d{4}") + region("title", "title"))
    look(scene_, *[display("15346", "5558")] * 20)
    assert scene_._counters.read == 3  # the title, until it was settled


def test_a_thing_of_its_own_says_what_it_waited_for(model: bundles.Bundle):
    answers = scene(model).answer(iter(frames(*[display("15346", "5558")] * 5)))
    found = {reading.region: (reading.text, reading.why) for reading in answers}
    assert found == {
        "long": ("5558", ""),
        "short": ("", r"waits for title to match \d{4}"),
        "title": ("15346", ""),
    }


def test_a_thing_that_shows_its_page_late_is_read_on_it(model: bundles.Bundle):
    pages = [display("15346", "5558")] * 4 + [display("5558", "15346")] * 4
    found = {r.region: r.text for r in scene(model).answer(iter(frames(*pages)))}
    assert (found["long"], found["short"]) == ("5558", "15346")


@pytest.mark.parametrize(
    ("regions", "error"),
    [
        (
            waiting("a", "x", title="unti") + region("unit", "title"),
            "region 'a': when: there is no region 'unti'; there are a, unit",
        ),
        (waiting("a", "x", title="a"), "region 'a': when: it waits for itself; name another region"),
        (
            waiting("a", "x", title="b") + waiting("b", "x", title="c") + region("c", "title"),
            "region 'a': when: region 'b' has a 'when' too; name one that is always read",
        ),
        (waiting("a", "k[Wh") + region("title", "title"), 'region a: when: pattern "k[Wh": position 5'),
    ],
)
def test_a_wrong_condition_is_one_line(model: bundles.Bundle, regions: str, error: str):
    with pytest.raises(ConfigError) as caught:
        scene(model, regions)
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)
