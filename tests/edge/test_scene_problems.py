"""What keeps a region from being read is named, and costs no other region a reading."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.errors import ConfigError
from ocr_edge.sources.base import Frame

from . import scene_parts as parts
from .scene_parts import HEAD, PLACE, SIZE, look, region, scene, table

model = parts.model


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda image: (image * 0.02).astype(np.uint8), "dark"),
        (lambda image: np.full_like(image, 255), "over-exposed"),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 9), "blurred"),
    ],
)
def test_a_spoiled_picture_is_named_and_says_nothing(model: bundles.Bundle, spoil, problem: str):
    scene_, counters = scene(model, HEAD + region())
    assert look(scene_, *[spoil(table())] * 5) == []
    assert scene_.problems == {"region amount": problem}
    assert counters.spoiled[problem] == 5
    assert [reading.text for reading in look(scene_, *[table()] * 5, start=10)] == ["15346"]
    assert scene_.problems == {}


def test_a_region_beside_the_picture_is_named(model: bundles.Bundle):
    corners = "corners = [[9000, 10], [9090, 10], [9090, 50], [9000, 50]]"
    scene_, _ = scene(model, f'[source]\nurl = "file:x"\n[[region]]\nname = "a"\n{corners}\n')
    assert look(scene_, table()) == []
    assert scene_.problems == {"region a": "100% of it lies outside of the picture"}


def test_a_camera_that_moved_is_followed_and_a_lost_one_says_nothing(model: bundles.Bundle, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "reference.png"), cv2.cvtColor(table(), cv2.COLOR_RGB2BGR))
    marks = "".join(f"[[picture.mark]]\nbox = {box}\n" for box in ([20, 20, 90, 90], [500, 60, 90, 90]))
    head = '[source]\nurl = "file:x"\n[picture]\nreference = "reference.png"\n'
    scene_, _ = scene(model, head + marks + region(), tmp_path)
    moved = cv2.warpAffine(
        table(), np.float32([[1, 0, 17], [0, 1, -9]]), SIZE[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    (reading,) = look(scene_, *[moved] * 5)
    assert reading.text == "15346"
    elsewhere = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    assert look(scene_, *[elsewhere] * 4, start=10) == []
    assert scene_.problems["alignment"].startswith("lost, ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + region().replace(f"[{PLACE[0]}, {PLACE[1]}]", "[900, 20]"), "outside of the picture"),
        (HEAD + region(more='pattern = "["'), "pattern"),
        ('[source]\nurl = "file:x"\n[[region]]\ncorners = [[0,0],[50,40],[50,0],[0,40]]\n', "cross"),
        (
            '[source]\nurl = "file:x"\n[[region]]\ncorners = [[-1e30,0],[1e300,0],[50,40],[0,40]]\n',
            "any picture",
        ),
        (HEAD + 'reference = "none.png"\n' + region(), "none.png"),
    ],
)
def test_a_region_that_cannot_be_is_refused_at_the_start(model: bundles.Bundle, text: str, said: str):
    with pytest.raises(ConfigError, match=said):
        scene(model, text)


def test_a_number_that_cannot_be_seen_is_not_believed_by_and_by(model: bundles.Bundle, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "reference.png"), cv2.cvtColor(table(), cv2.COLOR_RGB2BGR))
    marks = "".join(f"[[picture.mark]]\nbox = {box}\n" for box in ([20, 20, 90, 90], [500, 60, 90, 90]))
    head = '[source]\nurl = "file:x"\n[picture]\nreference = "reference.png"\n'
    value = '[region.value]\ndirection = "up"\nrecover_after_s = 20\n'
    scene_, _ = scene(model, head + marks + region(more=value), tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    said = []
    for start, image in ((0, table()), (10, table("558")), (20, noise)):
        small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (160, 120), interpolation=cv2.INTER_AREA)
        for index in range(60 if start == 20 else 6):
            said += scene_.look(Frame(image, 0.0, start + index, "camera", small))
    assert [reading.text for reading in said] == ["15346", ""]
    assert scene_.problems["alignment"].startswith("lost, ")
    scene_.look(Frame(np.zeros_like(noise), 0.0, 99.0, "camera"))
    assert scene_.problems == {"alignment": "lost, the picture is dark"}


def test_a_meter_that_shows_nothing_is_named(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region(more="[region.value]\n"))
    blank = np.full((*SIZE, 3), 200, np.uint8)
    assert look(scene_, *[blank] * 5) == []
    assert scene_.problems == {"region amount": "nothing to read: no text"}
    look(scene_, *[table()] * 5, start=10)
    assert scene_.problems == {}


def test_an_error_in_one_region_keeps_no_other_from_being_said(model: bundles.Bundle, monkeypatch):
    scene_, _ = scene(model, HEAD + region("broken") + region("good"))
    monkeypatch.setattr(scene_.readers[0], "look", lambda *_: 1 / 0)
    said = look(scene_, *[table()] * 4)
    assert [reading.region for reading in said] == ["good"]
    assert scene_.failed
    assert "region broken" in scene_.problems


def test_an_error_costs_one_answer_and_one_region(model: bundles.Bundle, monkeypatch):
    scene_, _ = scene(model, HEAD + region("broken") + region("good"))
    with monkeypatch.context() as patched:
        patched.setattr(scene_.readers[0], "read", lambda *_: 1 / 0)
        broken, good = scene_.answer([Frame(table(), 0.0, float(index), "camera") for index in range(9)])
        assert (broken.region, broken.text, broken.why) == ("broken", "", "error of the program, see the log")
        assert (good.region, good.text) == ("good", "15346")
        assert scene_.failed
    assert [r.text for r in scene_.answer([Frame(table(), 0.0, 9.0 + i, "camera") for i in range(9)])] == [
        "15346"
    ] * 2
    assert not scene_.failed


def test_an_error_while_the_marks_are_looked_for_costs_one_frame(model: bundles.Bundle, monkeypatch):
    scene_, _ = scene(model, HEAD + region())
    with monkeypatch.context() as patched:
        patched.setattr("ocr_edge.geometry.transform.scaling", lambda *_: 1 / 0)
        assert look(scene_, table()) == []
        assert scene_.failed
        (silent,) = scene_.answer([Frame(table(), 0.0, 0.0, "camera")])
        assert silent.why == "error of the program, see the log"
    assert [reading.text for reading in look(scene_, *[table()] * 4, start=5)] == ["15346"]
    assert not scene_.failed


def test_a_wrong_check_names_its_region(model: bundles.Bundle):
    with pytest.raises(ConfigError, match=r"region amount: .*luhnn.*luhn"):
        scene(model, HEAD + region(more='pattern = "[0-9]{5}"\ncheck = "luhnn"\n'))
