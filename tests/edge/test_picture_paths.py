"""What arguments stand for, and what is no picture."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from ocr_edge.errors import CaptureError
from ocr_edge.sources.paths import expand, natural
from ocr_edge.sources.pictures import load

from . import picture_parts as parts
from .picture_parts import encoded, scene

put = parts.put


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"Dear diary,", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC pictures are not read"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(put, data, message):
    with pytest.raises(CaptureError, match=message) as caught:
        load(put(data))
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "none.png", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (Path("a\0b"), "cannot be opened"),
        (Path("n" * 300), "cannot be opened: File name too long"),
    ]:
        with pytest.raises(CaptureError, match=message):
            load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(put):
    path = put(encoded(Pillow.fromarray(scene()), "PNG"))
    path.chmod(0)
    with pytest.raises(CaptureError, match="Permission denied"):
        load(path)


def test_a_folder_stands_for_its_pictures_and_videos_in_natural_order(tmp_path):
    names = ["10.png", "2.PNG", "1.jpg", "clip.mp4", "notes.txt", ".hidden.png", "1.annotated.jpg"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "deeper.png").mkdir()
    assert [path.name for path in expand([str(tmp_path)])] == ["1.jpg", "2.PNG", "10.png", "clip.mp4"]


def test_patterns_are_expanded_and_each_file_comes_once(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ["b.png", "a.png", "sub/c.png", "x[1].png"]:
        (tmp_path / name).touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    arguments = [f"{tmp_path}/b.png", f"{tmp_path}/?.png", f"{tmp_path}/**/*.png", f"{tmp_path}/x[1].png"]
    found = [str(path.relative_to(tmp_path)) for path in expand(arguments)]
    assert found == ["b.png", "a.png", "sub/c.png", "x[1].png"]


def test_arguments_that_stand_for_nothing_are_named_after_the_others(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "empty").mkdir()
    found = []
    with pytest.raises(CaptureError) as caught:  # noqa: PT012 - what comes before the error counts
        for path in expand(
            [f"{tmp_path}/no*.png", f"{tmp_path}/empty", "", f"{tmp_path}/a.png", "missing.png"]
        ):
            found.append(path.name)
    assert found == ["a.png", "missing.png"]
    assert "no*.png: matches no file" in str(caught.value)
    assert "empty: no picture or video in this folder" in str(caught.value)


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_any_two_names_can_be_ordered(names):
    first, second = (natural(Path(name)) for name in names)
    assert (first < second) or (second < first) or first == second
