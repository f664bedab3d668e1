"""Regions that say nothing say why: in the log now and then, in the state where it may be a mistake."""

import numpy as np

from ocr_edge.regions.silence import AFTER_S, AGAIN_S, Silence

from . import scene_parts as parts
from .scene_parts import HEAD, SIZE, look, region, scene, table

model = parts.model
BLANK = np.full((*SIZE, 3), 200, np.uint8)


def heard(logged):
    return [record.getMessage() for record in logged if "nothing read" in record.getMessage()]


def test_a_pattern_that_never_fits_is_said_after_a_minute_in_state_and_log(model, logged):
    scene_, _ = scene(model, HEAD + region(more="pattern = '[A-Z]{3}'"))
    assert look(scene_, *[table()] * 20) == []
    assert (scene_.problems, heard(logged)) == ({}, [])  # ten seconds: it may be on its way
    assert look(scene_, *[table()] * 10, start=15, step=6) == []
    assert scene_.problems == {"region amount": "nothing to read: pattern"}
    (line,) = heard(logged)
    assert line.startswith("region amount: nothing read for ")
    assert line.endswith(" s: pattern")


def test_what_stands_still_is_not_forgotten(model, logged):
    scene_, counters = scene(model, HEAD + region(more="pattern = '[A-Z]{3}'\nreread_s = 1e6\n"))
    look(scene_, *[table()] * 10, step=10)
    assert counters.read == 3  # the others were not looked at: nothing changed
    assert scene_.problems == {"region amount": "nothing to read: pattern"}
    assert len(heard(logged)) == 1


def test_an_empty_scene_is_no_mistake_and_gets_a_line_in_the_log_alone(model, logged):
    scene_, _ = scene(model, HEAD + region())
    look(scene_, *[BLANK] * 10, step=10)
    assert scene_.problems == {}
    assert [line.rpartition(": ")[2] for line in heard(logged)] == ["no text"]


def test_a_region_that_has_said_something_may_have_nothing_to_say_for_long(model, logged):
    scene_, _ = scene(model, HEAD + region(more="pattern = '15346'"))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == ["15346"]
    look(scene_, *[table("558")] * 10, start=5, step=10)
    assert scene_.problems == {}
    assert len(heard(logged)) == 1


def test_a_number_whose_frames_do_not_agree_is_no_secret(model, logged):
    scene_, _ = scene(model, HEAD + region(more="[region.value]\n") + "[stabilize]\nframes = 4\n")
    said = look(scene_, *[table(name) for _ in range(10) for name in ("15346", "558")], step=4)
    assert said == []
    assert scene_.problems == {"region amount": "nothing to read: the frames do not agree"}
    look(scene_, *[table()] * 8, start=100)
    assert scene_.problems == {}


def test_a_slow_camera_may_take_its_time_to_settle():
    silence = Silence(least=7)
    assert [silence.lasts("pattern", AFTER_S * look) for look in range(8)] == [False] * 6 + [True, False]


def test_the_same_silence_is_told_once_an_hour_and_a_new_one_anew():
    silence = Silence()
    told = [at for at in range(0, 3 * int(AGAIN_S), 10) if silence.lasts("no text", at)]
    assert told == [AFTER_S, AFTER_S + AGAIN_S, AFTER_S + 2 * AGAIN_S]
    assert silence.span == "3 h"
    silence.over()
    assert not silence.lasts("no text", 20000)
    assert silence.lasts("no text", 20000 + AFTER_S)
    assert silence.span == "60 s"
