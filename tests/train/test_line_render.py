"""What a line stage is trained with: texts, ink, photographs, and lines composed of real characters."""

import random

import cv2
import numpy as np
import pytest

from ocr_edge.contract.labels import LINE, parse
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets import Dataset, Sample
from ocr_train.rendering import fonts
from ocr_train.rendering.glyphs import Face
from ocr_train.strips import camera, crops, instruments, painting, render, surface, texts, typefaces
from ocr_train.strips.feed import renderer_of
from ocr_train.strips.render import Renderer
from ocr_train.strips.typefaces import Typeface, Typefaces

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def renderer():
    return Renderer(texts.Texts(), Typefaces.drawn(), surface.Surfaces(), (), 0.0)


def test_texts_hold_labels_only_and_as_many_as_asked_for():
    made, rng = texts.Texts(), random.Random(3)
    drawn = [
        made.draw(rng, shortest, longest)
        for shortest, longest in ((1, 4), (3, 9), (8, 30))
        for _ in range(600)
    ]
    assert not {char for text in drawn for char in text} - set(LINE)
    assert all(
        len(text) <= longest for text, longest in zip(drawn, [4] * 600 + [9] * 600 + [30] * 600, strict=True)
    )
    assert all(text == " ".join(text.split()) != "" for text in drawn)
    assert sum(len(text) < 8 for text in drawn[1200:]) < 30


def test_every_label_is_drawn_sooner_or_later():
    made, rng = texts.Texts(), random.Random(1)
    drawn = {char for _ in range(12_000) for char in made.draw(rng, 1, 14)}
    assert set(LINE) - drawn == set()


def test_a_label_of_a_recipe_is_written_without_being_named_anywhere_else(caplog, monkeypatch):
    few = [font for font in fonts.installed() if font.family.startswith(("DejaVu", "Liberation"))]
    if not few:
        pytest.skip("no fonts are installed (apt install fontconfig fonts-dejavu fonts-liberation)")
    monkeypatch.setattr(fonts, "installed", lambda: few)
    made = renderer_of((), 0.0, (), "", "train", parse("line+§ꀀ"))
    drawn = [made.ink(random.Random(seed), 1, 12)[1] for seed in range(4000)]
    assert 8 < sum("§" in text for text in drawn) < 160
    assert "no font here has ꀀ" in caplog.text
    assert not any("ꀀ" in text for text in drawn)


def test_word_lists_are_used_where_there_are_some(tmp_path):
    (tmp_path / "ngerman").write_text("Zug\nStra\u00dfe\n")
    rng = random.Random(0)
    drawn = " ".join(texts.Texts.installed(tmp_path).draw(rng, 1, 12) for _ in range(60)).lower()
    assert "zug" in drawn
    assert "street" not in drawn


def test_a_line_is_a_function_of_the_seed(renderer):
    once, twice, other = (renderer.draw(random.Random(seed), 2, 8, 5.0) for seed in (5, 5, 6))
    assert once[1] == twice[1]
    assert np.array_equal(once[0], twice[0])
    assert other[1] != once[1]


def test_a_line_is_not_wider_than_asked_for_and_its_ink_shows(renderer):
    rng = random.Random(2)
    for _ in range(40):
        image, text = renderer.draw(rng, 1, 10, 4.0)
        assert image.shape[1] <= 4 * image.shape[0] + 1
        assert 1 <= len(text) <= 10
        assert image.std() > 1


def test_a_face_writes_only_what_it_has():
    digits = Typeface(
        Face("d", "", "", 0, "seven-segment", "0123456789", "drawn-segments", 1), frozenset("0123456789 .")
    )
    made = Renderer(texts.Texts(), Typefaces([digits]), surface.Surfaces())
    drawn = {char for _ in range(50) for char in made.ink(random.Random(_), 1, 9)[1]}
    assert drawn <= digits.characters


def test_displays_need_no_font_and_show_more_than_letters():
    face = Face("dots", "", "", 0, "dot-matrix", LETTERS, "drawn-dots", 0)
    assert {"A", "z", ".", ":", " "} <= typefaces.characters(face)
    ink = typefaces.ink(face, "12.5", random.Random(0))
    assert ink.shape[1] > 2 * ink.shape[0]
    with pytest.raises(ValueError, match="no faces"):
        Typefaces([])


def test_ink_and_paper_can_be_told_apart():
    rng = random.Random(0)
    pairs = [surface.colours(rng) for _ in range(300)]
    weights = np.array([0.299, 0.587, 0.114])
    assert min(abs(float((paper - ink) @ weights)) for paper, ink in pairs) >= surface.MIN_CONTRAST - 0.1


def test_moved_and_photographed_pictures_stay_pictures():
    rng, image = random.Random(0), np.full((20, 60, 3), 200, np.uint8)
    cv2.putText(image, "12", (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (10, 10, 10), 2)
    for _ in range(20):
        moved = camera.moved(rng, image)
        assert moved.dtype == np.uint8
        assert moved.shape[0] == 20
        assert abs(moved.shape[1] - 60) <= 8
        seen = camera.photographed(rng, surface.lit(rng, image.astype(np.float32)), surface.Surfaces())
        assert seen.shape == image.shape


# Composed lines.


def crop(shape):
    image = np.full((30, 24, 3), 230, np.uint8)
    cv2.putText(image, shape, (2, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (10, 10, 10), 2)
    return image


def characters(*writers):
    samples = [
        Sample(Glyph(crop(char)), "0123456789".index(char), split, group)
        for group in writers
        for split, chars in (("train", "01234567"), ("validation", "9"))
        for char in chars
    ]
    return crops.Crops(Dataset("digits", samples), "0123456789")


def test_a_composed_line_shows_what_it_says_with_characters_of_the_training_split():
    made, rng = characters("ann", "bob"), random.Random(0)
    for _ in range(30):
        mask, text = made.draw(rng, "19 AB", 4)
        assert len(text) <= 4
        assert set(text) <= set("01234567 ")
        assert mask.max() > 200
    assert made.draw(random.Random(4), "1 2", 9)[1] == "1 2"


def test_a_set_of_few_classes_stands_among_printed_characters():
    samples = [Sample(Glyph(crop("-")), 0) for _ in range(6)]
    made = crops.Crops(Dataset("dashes", samples), "-", Typefaces.drawn().writing("0123456789 "))
    rng = random.Random(0)
    texts = [made.draw(rng, "12 345 67", 9)[1] for _ in range(40)]
    assert all("-" in text for text in texts)
    assert sum(text.count("-") for text in texts) < 0.5 * sum(len(text) for text in texts)
    assert all(set(text) <= set("0123456789- ") for text in texts)


def test_a_composed_dot_is_small_and_stands_on_the_line_and_a_dash_hangs_above_it():
    blot = np.full((30, 30, 3), 230, np.uint8)
    blot[4:26, 4:26] = 10
    for char, highest, lowest in ((".", 0.7, 1.0), ("-", 0.4, 0.8)):
        both = [Sample(Glyph(crop("1")), 0), Sample(Glyph(blot), 1)]
        mask, text = crops.Crops(Dataset("marks", both), ("1", char)).draw(random.Random(5), f"1{char}1", 3)
        assert text == f"1{char}1"
        _, _, parts, _ = cv2.connectedComponentsWithStats((mask > 90).astype(np.uint8))
        _, (_, top, _, height, _), _ = sorted(parts[1:].tolist())
        assert highest <= top / mask.shape[0] < (top + height) / mask.shape[0] <= lowest


def test_the_ink_of_a_crop_is_bright_on_either_ground():
    dark, light = crops.ink_of(crop("5")), crops.ink_of(255 - crop("5"))
    assert np.array_equal(dark, light)
    assert dark.shape[0] < 30
    assert dark.max() == 255
    assert crops.ink_of(np.full((9, 7, 3), 80, np.uint8)).size


def test_a_face_writes_only_the_labels_there_are():
    digits = Typefaces.drawn().writing("0123456789 ")
    made = Renderer(texts.Texts(), digits, surface.Surfaces())
    drawn = {char for seed in range(40) for char in made.ink(random.Random(seed), 1, 9)[1]}
    assert drawn <= set("0123456789 ")
    with pytest.raises(ConfigError, match="no face writes any of the labels"):
        Typefaces.drawn().writing("€ ")


def display(characters="0123456789.-"):
    face = Face("d", "", "", 0, "seven-segment", "0123456789", "drawn-segments", 1)
    return Typeface(face, frozenset(characters))


def test_a_display_shows_no_unit_where_no_face_writes_one():
    made = Renderer(texts.Texts(), Typefaces.drawn().writing("0123456789.-"), surface.Surfaces())
    for seed in range(60):
        drawn = made.draw(random.Random(seed), 1, 9, 5.0)
        assert drawn is None or set(drawn[1]) <= set("0123456789.-")


def test_a_display_shows_units_that_another_face_writes():
    dots = Typeface(Face("dots", "", "", 0, "dot-matrix", "kWh", "drawn-dots", 0), frozenset("kWh"))
    made = Renderer(texts.Texts(), Typefaces([display("0123456789. "), dots]), surface.Surfaces())
    shown = [inked[1] for seed in range(200) if (inked := made.ink(random.Random(seed), 1, 9))]
    units = {text.partition(" ")[2] for text in shown if text[0].isdigit() and " " in text}
    assert {"kWh", "h", "W"} & units
    assert not {"V", "bar", "°C"} & units
    # Where the space is no label there is none.
    made = Renderer(texts.Texts(), Typefaces([display("0123456789"), dots]), surface.Surfaces())
    shown = [inked[1] for seed in range(200) if (inked := made.ink(random.Random(seed), 1, 9))]
    assert any(text[0].isdigit() and text.endswith("kWh") for text in shown)
    assert not any(" " in text for text in shown)


def test_the_last_digit_of_a_display_may_be_smaller():
    shown = [typefaces.ink(display().face, "8888", random.Random(seed)) for seed in range(120)]
    parts = [mask[:, 2 * mask.shape[1] // 3 :] for mask in shown]
    tops = [int(np.flatnonzero((part[:, part.shape[1] // 2 :] > 128).any(axis=1))[0]) for part in parts]
    small = sum(top > 0.25 * mask.shape[0] for top, mask in zip(tops, shown, strict=True))
    assert 3 <= small <= 35


def test_prepared_characters_are_not_drawn_again(monkeypatch):
    faces = Typefaces([display("0123456789")])
    typefaces._piece.cache_clear()
    faces.prepare()
    monkeypatch.setattr(typefaces.glyphs, "stamp", lambda *_: pytest.fail("drawn again"))
    assert typefaces.ink(display().face, "0123", random.Random(1)).any()


def test_a_face_that_can_write_nothing_of_a_text_draws_nothing():
    comma = Typeface(display().face, frozenset(","))
    made = Renderer(texts.Texts(["a"]), Typefaces([comma]), surface.Surfaces())
    shown = [made.ink(random.Random(seed), 1, 3) for seed in range(40)]
    assert None in shown
    assert {inked[1] for inked in shown if inked} <= {",", ",,", ",,,"}


def test_a_line_that_nobody_can_read_is_not_drawn(renderer, monkeypatch):
    seen = []
    for module in (render, painting):
        monkeypatch.setattr(module, "is_visible", lambda *_: seen.append(1) and False)
    assert renderer.draw(random.Random(0), 2, 8, 5.0) is None
    assert len(seen) == render.TRIES


def test_a_counter_shows_a_digit_to_a_window_and_is_read_as_the_nearest():
    face = display("0123456789")
    for seed in range(40):
        (ink, windows), text = instruments.counter(random.Random(seed), face, 9)
        assert ink.shape == windows.shape
        assert text.isdigit()
        assert 2 <= len(text) <= instruments.MOST_DIGITS
        assert (windows[ink > 0] == 255).all()  # no ink beside a window
        pitch = ink.shape[1] // len(text)
        assert all(ink[:, at : at + pitch].any() for at in range(0, ink.shape[1], pitch))
    assert instruments.counter(random.Random(0), face, 1) is None
    assert instruments.counter(random.Random(0), display("0123"), 9) is None


def test_digits_under_bars_are_read_without_them():
    face = display("0123456789")
    guarded = 0
    for seed in range(40):
        (ink, bars), text = instruments.under_bars(random.Random(seed), face, 16)
        assert ink.shape == bars.shape
        assert bars.any()
        assert not (ink[bars > 0] > 0).any()
        assert [len(part) for part in text.split(" ")] in [list(code) for code in instruments.CODES]
        guarded += " " in text
    assert 0 < guarded < 40
    assert instruments.under_bars(random.Random(0), face, 5) is None


def test_counters_and_bar_codes_are_photographed_legibly(renderer, monkeypatch):
    monkeypatch.setattr(render, "COUNTERS", 0.5)
    monkeypatch.setattr(render, "BAR_CODES", 0.5)
    drawn = [renderer.draw(random.Random(seed), 4, 16, 12.0) for seed in range(40)]
    assert all(line is not None for line in drawn)
    assert all(set(text) <= set("0123456789 ") for _, text in drawn)


def test_a_tenth_may_stand_small_under_its_unit(monkeypatch):
    monkeypatch.setattr(instruments, "WITH_TENTH", 1.0)
    monkeypatch.setattr(render, "WITH_UNIT", 1.0)
    dots = Typeface(Face("", "", "", 0, "dot-matrix", LETTERS, "drawn-dots", 0), frozenset(LETTERS + "./%° "))
    made = Renderer(texts.Texts(), Typefaces([display("0123456789. "), dots]), surface.Surfaces())
    shown = [inked for seed in range(200) if (inked := made.ink(random.Random(seed), 1, 9))]
    with_tenth = [mask for mask, text, is_display in shown if is_display and "." in text.split(" ")[0][-2:-1]]
    assert with_tenth
    # Where the unit stands above the tenth, the last columns have ink at the top and at the bottom.
    assert any(mask[: mask.shape[0] // 4, -3:].any() and mask[-3:, -12:].any() for mask in with_tenth)
