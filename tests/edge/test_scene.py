"""Regions of a frame, from its pixels to what is said."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.config.load import parse
from ocr_edge.contract.types import Box
from ocr_edge.daemon import region_setup
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from tests.edge import hand_made_line

EXAMPLES = Path(__file__).parents[2] / "examples"
CHEQUES = {"15346": "cheque-4.jpg", "558": "cheque-2.jpg"}
SIZE = (480, 640)
PLACE = (200, 180)
CROP = (150, 54)
HEAD = f'[source]\nurl = "file:x"\n[picture]\nsize = [{SIZE[1]}, {SIZE[0]}]\n'


@pytest.fixture(scope="module")
def model() -> bundles.Bundle:
    return bundles.load()


def table(name: str = "15346", at: tuple[int, int] = PLACE, light: float = 1.0) -> np.ndarray:
    """A table with a cheque's amount on it, and some things around that marks can be cut from."""
    random = np.random.default_rng(5)
    image = np.full((*SIZE, 3), (150, 170, 180), np.uint8)
    for _ in range(60):
        x, y = (int(v) for v in random.integers((0, 0), SIZE[::-1]))
        if not (120 < x < 460 and 130 < y < 330):
            cv2.circle(
                image, (x, y), int(random.integers(5, 25)), [int(v) for v in random.integers(0, 255, 3)], -1
            )
    crop = pictures.load(EXAMPLES / CHEQUES[name])
    scale = CROP[1] / crop.shape[0]
    crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    right = CROP[0] - crop.shape[1]
    paper = [float(v) for v in np.median(crop, axis=(0, 1))]
    crop = cv2.copyMakeBorder(crop, 0, 0, 0, right, cv2.BORDER_CONSTANT, value=paper)
    image[at[1] : at[1] + crop.shape[0], at[0] : at[0] + crop.shape[1]] = crop
    return np.clip(image * light, 0, 255).astype(np.uint8)


def region(name: str = "amount", more: str = "") -> str:
    left, top = PLACE
    corners = [[left, top], [left + CROP[0], top], [left + CROP[0], top + CROP[1]], [left, top + CROP[1]]]
    return f'[[region]]\nname = "{name}"\ncorners = {corners}\n{more}\n'


def scene(model: bundles.Bundle, text: str, folder: Path = Path()) -> tuple[Scene, Counters]:
    counters = Counters()
    return Scene(parse(text, folder / "c.toml"), model, counters), counters


def look(scene: Scene, *images: np.ndarray, start: float = 0.0, step: float = 0.5) -> list[Reading]:
    said = []
    for index, image in enumerate(images):
        at = start + index * step
        said += scene.look(Frame(image, 1e9 + at, at, "camera"))
    return said


def test_a_region_is_read_alone_and_its_boxes_are_the_frames(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    (reading,) = look(scene_, *[table()] * 4)
    assert (reading.text, reading.region) == ("15346", "amount")
    box = reading.lines[0].box
    assert PLACE[0] <= box.left < box.right <= PLACE[0] + CROP[0]
    assert PLACE[1] <= box.top < box.bottom <= PLACE[1] + CROP[1]


def test_frames_in_which_nothing_changes_are_not_read_again(model: bundles.Bundle):
    scene_, counters = scene(model, HEAD + region())
    look(scene_, *[table()] * 20)
    assert counters.read == 3
    assert counters.unchanged == 17
    look(scene_, table(), start=100)  # later than reread_s
    assert counters.read == 4


def test_a_change_is_read_and_said(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    said = look(scene_, *[table()] * 6, *[table("558")] * 6)
    assert [reading.text for reading in said] == ["15346", "5558"]


def test_a_frame_of_another_size_is_scaled_and_one_of_another_shape_is_refused(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region(more="text_height = 30"))
    larger = cv2.resize(table(), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    (reading,) = look(scene_, *[larger] * 4)
    assert reading.text == "15346"
    assert look(scene_, table()[:, :400], start=50) == []
    assert "400x480" in scene_.problems["picture"]


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


def test_a_number_has_value_and_unit_and_an_impossible_one_a_reason(model: bundles.Bundle):
    value = '[region.value]\ndecimals = 2\nunit = "m3"\ndirection = "up"\nrecover_after_s = 60\n'
    scene_, counters = scene(model, HEAD + region(more=value))
    (reading,) = look(scene_, *[table()] * 4)
    assert (reading.text, reading.value, reading.unit) == ("15346", 153.46, "m3")
    (rejected,) = look(scene_, *[table("558")] * 6, start=10)
    assert (rejected.lines, rejected.value, rejected.raw) == ((), None, "5558")
    assert rejected.why == "falls from 153.46"
    assert counters.rejected["amount", "direction"] == 1
    assert scene_.problems["region amount"] == "a number is not believed (direction)"
    (believed,) = look(scene_, *[table("558")] * 3, start=80)
    assert believed.value == 55.58
    assert scene_.problems == {}


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


def test_a_region_sleeps_outside_of_its_schedule(model: bundles.Bundle):
    # 1e9 seconds is one moment of one day; in no time zone is it both of these.
    scene_, counters = scene(
        model, HEAD + region("a", 'schedule = ["00:00-12:00"]') + region("b", 'schedule = ["12:00-24:00"]')
    )
    said = look(scene_, *[table()] * 5)
    assert len(said) == 1
    assert counters.read == 3


def test_an_answer_reads_no_more_frames_than_it_needs(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    frames = iter([Frame(table(), 0.0, float(index), "camera") for index in range(9)])
    (reading,) = scene_.answer(frames)
    assert reading.text == "15346"
    assert len(list(frames)) == 6


def test_an_answer_without_text_says_why(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    blank = np.full((*SIZE, 3), 200, np.uint8)
    (reading,) = scene_.answer([Frame(blank, 0.0, 0.0, "camera")])
    assert (reading.text, reading.why) == ("", "no text")


def test_what_is_shown_holds_the_regions_alone_if_that_is_wanted(model: bundles.Bundle):
    image = table()
    shown = scene(model, HEAD + "blank_outside = true\n" + region())[0].shown(image)
    left, top = PLACE
    assert np.array_equal(
        shown[top + 2 : top + 50, left + 2 : left + 140], image[top + 2 : top + 50, left + 2 : left + 140]
    )
    shown[top - 1 : top + CROP[1] + 2, left - 1 : left + CROP[0] + 2] = 0
    assert not shown.any()
    assert scene(model, HEAD + region())[0].shown(image) is image


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


def test_a_text_that_begins_to_be_a_number_is_said_with_its_value(model: bundles.Bundle):
    before, _ = scene(model, HEAD + region())
    assert [reading.value for reading in look(before, *[table()] * 4)] == [None]
    after, _ = scene(model, HEAD + region(more="[region.value]\ndecimals = 1\n"))
    after.take_over(before)
    assert [reading.value for reading in look(after, *[table()] * 4, start=5)] == [1534.6]
    again, _ = scene(model, HEAD + region(more="[region.value]\ndecimals = 1\n"))
    again.take_over(after)
    assert look(again, *[table()] * 4, start=10) == []


def test_a_pause_counts_although_the_empty_picture_does_not_change(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region() + "[stabilize]\nagain_after_s = 5\n")
    blank = np.full((*SIZE, 3), 200, np.uint8)
    said = (
        look(scene_, *[table()] * 4)
        + look(scene_, *[blank] * 20, start=5)
        + look(scene_, *[table()] * 4, start=20)
    )
    assert [reading.text for reading in said] == ["15346", "15346"]


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


def test_a_scene_proves_its_networks(model: bundles.Bundle):
    scene(model, HEAD + region())[0].prove()


def test_regions_that_had_no_time_have_their_turn_with_the_next_frame(model: bundles.Bundle, monkeypatch):
    from ocr_edge.daemon import scene as scenes

    monkeypatch.setattr(scenes, "FRAME_LIMIT_S", 0.0)
    scene_, _ = scene(model, HEAD + region("a") + region("b") + region("c"))
    said = look(scene_, *[table()] * 9)
    assert [reading.region for reading in said] == ["a", "b", "c"]


def test_a_region_with_a_pattern_says_only_what_matches_it(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region(more='pattern = "[0-9]{5}"\n'))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == ["15346"]
    scene_, _ = scene(model, HEAD + region(more='pattern = "[A-Z]{5}"\n'))
    assert look(scene_, *[table()] * 4) == []


@pytest.fixture(scope="module")
def spaced(tmp_path_factory) -> bundles.Bundle:
    """A bundle whose line stage has a space, and whose character stage has none."""
    folder = tmp_path_factory.mktemp("b") / "spaced"
    fast = bundles.named(Path("fast"))
    return bundles.load(hand_made_line.write(folder, characters=fast, labels=["1", " ", "5"]))


def test_what_a_stage_without_spaces_reads_fits_a_pattern_with_spaces(spaced: bundles.Bundle):
    scene_, _ = scene(spaced, HEAD + region(more="pattern = '[0-9]{2} [0-9]{3}'\n"))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == ["15346"]
    assert scene_.problems == {}


def said_by(text: str, labels: tuple[str, ...], confidence: float = 0.99, calibrated: float | None = None):
    """A pipeline that reads the same in every picture."""
    characters, space = [], False
    for char in text:
        if char == " ":
            space = True
            continue
        scores = np.where(np.array(labels) == char, 0.0, -9.0).astype(np.float32)
        characters.append(Character(char, confidence, Box(0, 0, 8, 8), (), scores, space, labels))
        space = False
    line = Line(tuple(characters), calibrated)
    return SimpleNamespace(
        labels=labels,
        read=lambda image, **_: Reading("camera", (line,), 0.0, timing_ms={"total": 1.0}),
    )


@pytest.mark.parametrize(
    ("text", "labels", "is_said"),
    [
        ("15 346", "015346 ", True),
        ("15346", "015346", True),
        ("15 34", "015346 ", False),
        ("1534", "015346", False),
    ],
)
def test_texts_of_several_frames_fit_the_pattern_as_a_reader_of_the_region_takes_it(
    spaced: bundles.Bundle, text: str, labels: str, is_said: bool
):
    scene_, _ = scene(spaced, HEAD + region(more="pattern = '[15]{2} [0-9]{3}|[15]{2} 5[15]1'\n"))
    scene_.readers[0]._pipeline = said_by(text, tuple(labels))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == [text] * is_said
    (answer,) = scene_.answer([Frame(table(), 0.0, 50.0 + index, "camera") for index in range(4)])
    assert (answer.text, answer.why) == ((text, "") if is_said else ("", "pattern"))


@pytest.mark.parametrize(("more", "is_said"), [("", True), ("[region.value]\nmin = 0.0\n", False)])
def test_a_number_must_be_sure_as_a_whole_and_a_text_in_its_characters(
    model: bundles.Bundle, more: str, is_said: bool
):
    scene_, _ = scene(model, HEAD + region(more=more))
    scene_.readers[0]._pipeline = said_by("15346", model.manifest.texts, calibrated=0.6)
    assert [reading.text for reading in look(scene_, *[table()] * 8)] == ["15346"] * is_said
    assert scene_.problems == ({} if is_said else {"region amount": "nothing to read: below min_confidence"})


def test_a_check_digit_of_ones_own_is_asked_of_every_text(model: bundles.Bundle):
    # 1 + 5 + 3 + 4 + 6 = 19
    own = '[[check]]\nname = "ours"\nweights = [1]\nmodulus = 20\nremainder = {}\n'
    right, wrong = (
        scene(model, HEAD + own.format(rest) + region(more='pattern = "[0-9]{5}"\ncheck = "ours"\n'))[0]
        for rest in (19, 3)
    )
    assert [reading.text for reading in look(right, *[table()] * 4)] == ["15346"]
    assert look(wrong, *[table()] * 4) == []


def test_a_wrong_check_names_its_region(model: bundles.Bundle):
    with pytest.raises(ConfigError, match=r"region amount: .*luhnn.*luhn"):
        scene(model, HEAD + region(more='pattern = "[0-9]{5}"\ncheck = "luhnn"\n'))


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> bundles.Bundle:
    """A bundle whose line stage takes red bars for a minus, green ones for a 3 and blue ones for a point."""
    folder = tmp_path_factory.mktemp("b") / "marked"
    fast = bundles.named(Path("fast"))
    return bundles.load(hand_made_line.write(folder, characters=fast, labels=["-", "3", "."]))


def bars(text: str) -> np.ndarray:
    """A picture with a region full of bars."""
    rgb, _ = hand_made_line.bars(text)
    image = np.full((*SIZE, 3), 255, np.uint8)
    rgb = cv2.resize(rgb, CROP, interpolation=cv2.INTER_NEAREST)
    image[PLACE[1] : PLACE[1] + CROP[1], PLACE[0] : PLACE[0] + CROP[0]] = rgb
    return image


def test_a_number_is_read_with_its_sign_and_point(marked: bundles.Bundle, caplog):
    head = HEAD + "min_sharpness = 0.0\nmax_glare = 1.0\n"  # bars are no photograph
    scene_, _ = scene(marked, head + region(more="[region.value]\ndecimals = 2\nmax = 0.0\n"))
    (reading,) = look(scene_, *[bars("rgbg")] * 4)
    assert (reading.text, reading.value) == ("-3.3", -3.3)
    assert caplog.text == ""


def test_who_cannot_say_its_marks_has_no_say_in_a_number(marked: bundles.Bundle):
    texts = (
        "[region.value]\n",
        "pattern = '-?[0-9.]+'\n[region.value]\n",
        "pattern = '[0-9]+'\n[region.value]\n",
        "",
    )
    found = []
    for text in texts:
        (settings,) = parse(HEAD + region(more=text), Path("c.toml")).region
        of = region_setup.pattern(settings, marked, None)
        found.append(region_setup.readers(settings, marked, of))
    assert found == ["line", "line", "auto", "auto"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[region.value]", "bundle {} cannot see a minus sign or a decimal point: -3.4 would be read as 34"),
        ("[region.value]\nmin = 0.0", "bundle {} cannot see a decimal point: 3.4 would be read as 34"),
        (
            "[region.value]\ndecimals = 1\nmin = -5.0",
            "bundle {} cannot see a minus sign: -34 would be read as 34",
        ),
        ("[region.value]\nmin = 0.0\ndecimals = 1", ""),
        ("", ""),
    ],
)
def test_a_number_of_which_something_is_overlooked_is_said_at_the_start(caplog, more: str, said: str):
    model = bundles.load(bundles.named("fast"))
    scene(model, HEAD + region(more=more))
    lines = (
        [f"region amount: {said.format(model.manifest.name)}; see Values in docs/regions.md"] if said else []
    )
    assert [record.getMessage() for record in caplog.records] == lines


def test_a_pattern_that_leaves_a_mark_out_is_said_at_the_start(marked: bundles.Bundle, caplog):
    scene(marked, HEAD + region(more="pattern = '3+'\n[region.value]\n"))
    scene(marked, HEAD + region(more="pattern = '-?3+\\.3'\n[region.value]\n"))
    assert [record.getMessage() for record in caplog.records] == [
        "region amount: this pattern cannot see a minus sign or a decimal point: -3.4 would be read as 34;"
        " see Values in docs/regions.md"
    ]
