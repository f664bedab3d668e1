"""Rendered characters: legible faces only, exact boxes, pictures that depend on seed and index alone."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box, Glyph, Image, Polarity
from ocr_edge.errors import ConfigError
from ocr_train.datasets import tar
from ocr_train.datasets.base import Spec
from ocr_train.rendering import CLASSES, camera, fonts, prepare, split_of
from ocr_train.rendering.cut import MAX_SIDE, bounded, cut, cut_truths, is_wrong, matches, matches_loosely
from ocr_train.rendering.fonts import FontFile, catalogue
from ocr_train.rendering.glyphs import Face, stamp
from ocr_train.rendering.kinds import WEIGHTS, kind_of, root
from ocr_train.rendering.legible import own_shapes
from ocr_train.rendering.lines import lay_out
from ocr_train.rendering.scene import Truth, render
from ocr_train.rendering.text import PUNCTUATION, random_line

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
SANS = FontFile("DejaVu Sans", "Book", str(FONTS / "DejaVuSans.ttf"))
FILES = [
    SANS,
    FontFile("DejaVu Sans", "Bold", str(FONTS / "DejaVuSans-Bold.ttf")),
    FontFile("DejaVu Serif", "Book", str(FONTS / "DejaVuSerif.ttf")),
    FontFile("DejaVu Sans Mono", "Book", str(FONTS / "DejaVuSansMono.ttf")),
]


@pytest.fixture(scope="module")
def faces() -> list[Face]:
    return catalogue(FILES)


@dataclass(frozen=True)
class FakeCandidate:
    box: Box
    glyph: Glyph


@dataclass(frozen=True)
class FakeLine:
    candidates: list[FakeCandidate]
    polarity: Polarity | None = None


def fake_segment(picture: Image) -> list[FakeLine]:
    """Blobs on either side of Otsu's level: enough of a segmenter for plain print."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    found = []
    for kind in (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV):
        ink = cv2.threshold(gray, 0, 255, kind | cv2.THRESH_OTSU)[1]
        for left, top, width, height, _ in cv2.connectedComponentsWithStats(ink)[2][1:]:
            rows, columns = slice(top, top + height), slice(left, left + width)
            box = Box(int(left), int(top), int(width), int(height))
            glyph = Glyph(picture[rows, columns].copy(), ink[rows, columns, None].copy())
            found.append(FakeCandidate(box, glyph))
    return [FakeLine(found)]


def test_a_full_face_keeps_all_labels(faces: list[Face]) -> None:
    plain = [face for face in faces if face.path and not face.effect]
    assert {face.family for face in plain} == {"DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"}
    assert all(face.labels == "".join(DEFAULT) for face in plain)
    assert all(face.kind in WEIGHTS for face in faces)


def test_a_symbol_face_and_an_unreadable_file_are_dropped(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    symbols = FontFile("Odd Shapes", "Regular", str(FONTS / "STIXSizFiveSymReg.ttf"))
    found = catalogue([SANS, symbols, FontFile("Broken", "Regular", str(broken))])
    assert {face.family for face in found if face.path} == {"DejaVu Sans"}


def test_a_face_under_another_name_is_kept_once() -> None:
    found = catalogue([SANS, replace(SANS, family="Noto Sans Osmanya")])
    assert [face.family for face in found if face.path and not face.effect] == ["DejaVu Sans"]


def test_no_face_at_all_is_one_clear_line() -> None:
    with pytest.raises(ConfigError, match="apt install fontconfig"):
        catalogue([])


def test_without_fontconfig_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r"not installed.*apt install fontconfig"):
        fonts.installed()


def test_missing_glyphs_and_small_capitals_lose_their_labels() -> None:
    def ink(char: str, size: int = 64) -> Image:
        mask = stamp(Face("f", "", SANS.path, 0, "sans", ""), char).mask  # type: ignore[union-attr]
        return cv2.resize(mask, None, fx=size / 64, fy=size / 64, interpolation=cv2.INTER_AREA)

    box = np.full((40, 20), 255, np.uint8)
    kept = own_shapes({"A": ink("A"), "B": ink("B"), "Q": box}, box.tobytes())
    assert kept == {"A", "B"}
    letters = "abdefghilnqrt"
    small_caps = {c.upper(): ink(c.upper()) for c in letters} | {c: ink(c.upper(), 48) for c in letters}
    assert own_shapes(small_caps, None) == set(letters.upper())


def test_kinds_follow_names() -> None:
    assert kind_of("Courier Prime", "Regular") == "typewriter"
    assert kind_of("DSEG7 Classic", "Bold") == "seven-segment"
    assert kind_of("Noto Color Emoji", "Regular") == "skip"
    assert kind_of("Noto Serif", "Condensed") == "condensed"
    assert kind_of("Some Name", "Regular", "100") == "mono"
    assert kind_of("Some Name", "Regular") == ""
    assert root("Karla Tamil Inclined") == "Karla Tamil"
    assert root("RobotoBoldItalic") == root("Roboto Condensed Light") == "Roboto"
    assert root("Light") == "Light"


def test_texts_draw_only_what_the_face_shows_and_rare_letters_too() -> None:
    rng = np.random.default_rng(0)
    text = "".join(random_line("".join(DEFAULT), rng) for _ in range(4000))
    assert set(text) <= {*DEFAULT, *PUNCTUATION, " "}
    counts = np.array([text.count(char) for char in DEFAULT])
    assert counts.min() > 0.6 * counts.mean()
    digits = "".join(random_line("0123456789", rng) for _ in range(200))
    assert set(digits) <= {*"0123456789", *PUNCTUATION, " "}


def test_a_picture_is_a_function_of_seed_and_index(faces: list[Face]) -> None:
    first, again, other = render(faces, 7, 3), render(faces, 7, 3), render(faces, 8, 3)
    assert np.array_equal(first.picture, again.picture)
    assert first.truths == again.truths
    assert first.picture.shape != other.picture.shape or not np.array_equal(first.picture, other.picture)
    assert first.picture.dtype == np.uint8


@pytest.mark.parametrize("seed", range(6))
def test_boxes_are_tight_around_their_ink(faces: list[Face], seed: int) -> None:
    rng = np.random.default_rng(seed)
    face = next(f for f in faces if f.family == "DejaVu Sans" and not f.effect)
    sheet = lay_out(face, ["H8"], 60.0, rng)
    view = camera.aim(sheet, 30.0, rng)
    for placed in sheet.placed:
        alone = np.zeros_like(sheet.ink)
        left, top = np.floor(placed.hull.min(axis=0)).astype(int)
        right, bottom = np.ceil(placed.hull.max(axis=0)).astype(int)
        alone[top:bottom, left:right] = sheet.ink[top:bottom, left:right]
        seen = cv2.boundingRect((view.see(alone) > 0.45).astype(np.uint8))
        points = view.project(placed.hull)
        expected = (*points.min(axis=0), *(points.max(axis=0) - points.min(axis=0)))
        assert np.abs(np.array(seen) - expected).max() <= 1.6


def test_truth_boxes_lie_in_the_picture_unless_it_was_cut_short(faces: list[Face]) -> None:
    inside = total = 0
    for index in range(40):
        scene = render(faces, 1, index)
        frame = Box(0, 0, scene.picture.shape[1], scene.picture.shape[0])
        total += len(scene.truths)
        inside += sum(t.box.overlap(frame) == t.box.width * t.box.height for t in scene.truths)
    assert inside >= 0.9 * total


def test_a_candidate_with_two_characters_names_neither(faces: list[Face]) -> None:
    scene = next(s for s in (render(faces, 2, i) for i in range(50)) if len(s.truths) > 3)
    whole = Box(0, 0, scene.picture.shape[1], scene.picture.shape[0])
    found = [FakeLine([FakeCandidate(whole, Glyph(scene.picture))])]
    _, counts = cut(scene, lambda _: found, np.random.default_rng(0))
    assert counts.cut.total() == 0
    assert matches(Box(10, 10, 3, 20), Box(11, 10, 2, 20))
    assert not matches(Box(10, 10, 20, 20), Box(19, 10, 20, 20))


def test_what_shows_no_character_or_half_of_one_or_two_is_a_reject_and_what_is_between_is_neither() -> None:
    truths = [
        Truth("H", Box(10, 10, 20, 30)),
        Truth("o", Box(34, 20, 16, 20)),
        Truth("-", Box(54, 24, 12, 4)),
    ]
    assert is_wrong(Box(10, 10, 6, 30), truths)  # a leg of the H
    assert is_wrong(Box(10, 10, 40, 30), truths)  # both letters
    assert is_wrong(Box(70, 10, 20, 30), truths)  # nothing
    assert is_wrong(Box(54, 24, 12, 4), truths)  # a mark without a label
    assert not is_wrong(Box(10, 10, 20, 30), truths)
    assert not is_wrong(Box(10, 10, 14, 28), truths)  # most of the H: some would call it one


def test_a_box_drawn_by_hand_fits_by_its_columns_and_its_half_is_no_reject() -> None:
    drawn = Box(0, 0, 12, 40)
    assert matches_loosely(Box(4, 4, 4, 30), drawn)  # the stroke of an l
    assert not matches_loosely(Box(0, 4, 4, 30), drawn)
    assert not matches_loosely(Box(4, 4, 4, 10), drawn)
    assert not is_wrong(Box(2, 8, 8, 26), [Truth("R", Box(0, 0, 16, 40))], matches_loosely)


def test_the_inside_of_a_letter_in_the_other_polarity_is_no_character() -> None:
    truths = (Truth("O", Box(2, 2, 20, 30)), Truth("H", Box(30, 2, 20, 30)))
    picture = np.full((36, 56, 3), 255, np.uint8)
    right = [FakeCandidate(truth.box, Glyph(np.full((4, 4, 3), 7, np.uint8))) for truth in truths]
    inside = [FakeCandidate(Box(3, 3, 18, 28), Glyph(np.full((4, 4, 3), 9, np.uint8)))]
    lines = [FakeLine(right, Polarity.DARK), FakeLine(inside, Polarity.LIGHT)]
    crops, _ = cut_truths(picture, truths, lambda _: lines, np.random.default_rng(0), kind="words")
    assert [crop.char for crop in crops] == ["O", "H"]
    assert {int(crop.glyph.rgb[0, 0, 0]) for crop in crops} == {7}


def test_crops_are_bounded_with_their_masks() -> None:
    mask = np.zeros((90, 30, 1), np.uint8)
    mask[:, 14:16] = 255
    glyph = bounded(Glyph(np.zeros((90, 30, 3), np.uint8), mask))
    assert glyph.binary is not None
    assert glyph.rgb.shape[:2] == glyph.binary.shape[:2] == (MAX_SIDE, 16)
    assert set(np.unique(glyph.binary)) == {0, 255}


def test_worker_count_does_not_change_the_archive_and_families_never_straddle(
    faces: list[Face], tmp_path: Path
) -> None:
    one = prepare(tmp_path / "one.tar", 150, 5, 1, faces=faces, segment=fake_segment)
    two = prepare(tmp_path / "two.tar", 150, 5, 2, faces=faces, segment=fake_segment)
    assert one.read_bytes() == two.read_bytes()
    samples = tar.load(Spec.parse(f"tar:{one}"), CLASSES).samples
    assert len(samples) == 150
    splits: dict[str, set[str]] = {}
    for sample in samples:
        splits.setdefault(sample.group, set()).add(sample.split)
        assert sample.split == split_of(sample.group)
        assert max(sample.glyph.rgb.shape[:2]) <= MAX_SIDE
        assert sample.note in WEIGHTS
    assert all(len(found) == 1 for found in splits.values())
    assert any(sample.glyph.binary is not None for sample in samples)


def test_a_count_of_nothing_is_refused(faces: list[Face], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        prepare(tmp_path / "none.tar", 0, faces=faces, segment=fake_segment)
