"""Numbers through the daemon's own regions: from the pixels of a display to a value that is believed, or a reason."""

from pathlib import Path

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.builtin import named
from ocr_edge.config.load import parse
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from tests.edge.seven_segments import display

HEAD = '[source]\nurl = "file:x"\n'


def scene(region: str, bundle: str = "default") -> Scene:
    config = parse(f"{HEAD}[[region]]\n{region}", Path("config.toml"))
    return Scene(config, bundles.load(named(Path(bundle), Path())), Counters())


def read(scene: Scene, text: str, at: float = 0.0) -> list[Reading]:
    """What is said of a display that is seen six times, twice as often as a value needs."""
    image = display(text)
    return [one for n in range(6) for one in scene.look(Frame(image, 0.0, 100.0 + at + n, "x"))]


def value(text: str, rules: str) -> float | None:
    said = read(scene(f"[region.value]\n{rules}"), text)
    return said[-1].value if said else None


@pytest.mark.parametrize(
    ("text", "form", "number"),
    [
        ("-3.4", "-##0.0", -3.4),
        ("3.4", "-##0.0", 3.4),
        ("12:30", "00:00", 750),
        ("12:30", "00[:]00", 750),
        ("9.99", "0.00|00.0|000", 9.99),
        ("10.0", "0.00|00.0|000", 10.0),
        ("0823", "0000", 823),
        ("-12", "-#0", -12),
    ],
)
def test_a_display_has_the_value_that_it_shows(text, form, number):
    assert value(text, f'format = "{form}"') == number


@pytest.mark.parametrize("form", ["##0.0", "0.0", "#0", "0[.]0", "00"])
def test_minus_three_point_four_never_becomes_another_number(form):
    assert value("-3.4", f'format = "{form}"') is None


def test_decimals_of_a_mark_that_is_not_shown():
    assert value("0823", 'format = "0000"\ndecimals = 3') == 0.823


def test_a_lead_that_nobody_has_keeps_the_value_back_and_says_why_once():
    said = read(scene('[region.value]\nformat = "-##0.0"\nmin_lead = 1e8'), "-3.4")
    assert len(said) == 1
    assert (said[0].value, said[0].text, said[0].raw) == (None, "", "-3.4")
    assert said[0].why.startswith("-3.4 is ")
    assert said[0].why.endswith(", expected 1e+08")


def test_a_doubted_value_is_not_believed_however_long_it_stands():
    doubting = scene('[region.value]\nformat = "-##0.0"\nmin_lead = 1e8\nrecover_after_s = 1.0')
    assert all(one.value is None for at in range(0, 200, 50) for one in read(doubting, "-3.4", at))


def test_a_pattern_and_a_format_in_one_region_are_one_too_many():
    with pytest.raises(
        ConfigError, match=r"pattern '\\\\d\+' and value.format '#0' both say what .*: keep one"
    ):
        scene("pattern = '\\d+'\n[region.value]\nformat = \"#0\"")


def test_a_wrong_format_is_refused_at_the_start():
    with pytest.raises(ConfigError, match=r'^region picture: value\.format "0\.0#": expected every #'):
        scene('[region.value]\nformat = "0.0#"')


def test_a_bundle_that_cannot_read_the_formats_marks_is_refused_at_the_start():
    with pytest.raises(ConfigError) as refused:
        scene('[region.value]\nformat = "-##0.0"', "fast")
    assert str(refused.value) == (
        'region picture: value.format "-##0.0" needs a minus sign and a decimal point, which bundle fast cannot read: '
        "write a format without, or choose a bundle that can, such as default"
    )


@pytest.mark.parametrize(
    ("form", "needs"),
    [("##0.0 Ω", "'Ω'"), ("##0.0[ Ω]", "'Ω'"), ("€ #0|#0 Ж", "'Ж'"), ("Ж ##0 Ω", "'Ж' and 'Ω'")],
)
def test_a_text_beside_the_number_that_no_stage_has_is_refused_in_the_words_of_the_format(form, needs):
    with pytest.raises(ConfigError) as refused:
        scene(f'[region.value]\nformat = "{form}"')
    assert str(refused.value) == (
        f'region picture: value.format "{form}" needs {needs}, which bundle default cannot read: '
        "write a format without, or choose a bundle that can"
    )


def test_a_format_that_makes_too_large_a_pattern_is_named_as_it_was_written():
    with pytest.raises(
        ConfigError, match=r'^region picture: value\.format "#0 x+": the pattern that it makes '
    ):
        scene(f'[region.value]\nformat = "#0 {"x" * 80}"')


@pytest.mark.parametrize("form", ["", "  "])
def test_an_empty_format_is_refused(form):
    with pytest.raises(
        ConfigError, match=r"region\[.*\]\.value: format '.*' is empty: expected .*, or no format"
    ):
        scene(f'[region.value]\nformat = "{form}"')


def test_a_letter_that_no_stage_has_is_refused_at_the_start():
    with pytest.raises(
        ConfigError, match=r"position 1: the bundle has no label 'Ä': texts with it cannot be read;"
    ):
        scene("pattern = '[A-ZÄÖÜ]{1,3} \\d+'")


def test_a_value_that_is_believed_stays_so_when_frames_get_a_little_worse(monkeypatch):
    believing = scene('[region.value]\nformat = "-##0.0"')
    assert [one.value for one in read(believing, "-3.4")] == [-3.4]
    monkeypatch.setattr("ocr_edge.regions.belief.why_doubted", lambda *_: "doubt")
    # Beyond the time after which it is read again.
    assert read(believing, "-3.4", at=100.0) == []
    assert [one.why for one in read(believing, "-5.2", at=200.0)] == ["doubt"]
