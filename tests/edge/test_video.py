"""Videos give a frame now and then, with its time."""

import contextlib
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.errors import CaptureError
from ocr_edge.sources.video import frames

FPS = 10


@pytest.fixture(params=["mp4v.mp4", "MJPG.avi"])
def clip(tmp_path: Path, request) -> Path:
    """Three seconds that grow brighter by 8 with every frame; the left half has no green and blue."""
    code, ending = request.param.split(".")
    path = tmp_path / f"clip.{ending}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), FPS, (64, 48))
    if not writer.isOpened():
        pytest.skip(f"this OpenCV writes no {code}")
    for index in range(3 * FPS):
        frame = np.full((48, 64, 3), index * 8, np.uint8)
        frame[:, :32, :2] = 0
        writer.write(frame)
    writer.release()
    return path


def test_one_frame_for_each_second_of_video(clip):
    found = list(frames(clip))
    assert [round(seconds, 2) for seconds, _ in found] == [0, 1, 2]
    for (_, image), level in zip(found, (0, 80, 160), strict=True):
        assert image.shape == (48, 64, 3)
        assert image.dtype == np.uint8
        assert abs(float(image[:, 40:].mean()) - level) < 12
    assert float(found[2][1][:, 5:25, 0].mean()) > 100
    assert float(found[2][1][:, 5:25, 2].mean()) < 60


@pytest.mark.parametrize(("every_s", "count"), [(0.001, 30), (0.1, 30), (0.25, 12), (0.5, 6), (100, 1)])
def test_frames_come_as_often_as_asked(clip, every_s, count):
    found = [seconds for seconds, _ in frames(clip, every_s)]
    assert len(found) == count
    assert found[0] == 0
    assert all(before < after for before, after in itertools.pairwise(found))


def test_a_reader_that_stops_early_lets_go_of_the_file(clip):
    reader = frames(clip)
    next(reader)
    reader.close()
    clip.unlink()


def test_a_video_cut_short_gives_what_it_has_or_is_refused(tmp_path, clip, capfd):
    cut = tmp_path / f"cut{clip.suffix}"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    # An MP4 has its index at the end, an AVI can be read up to where it ends.
    with contextlib.suppress(CaptureError):
        assert list(frames(cut))
    assert capfd.readouterr().err == ""


def test_what_is_no_video_is_refused_in_one_line(tmp_path, capfd):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("Dear diary, " * 100)
    for path, message in [
        (tmp_path / "empty.mp4", "the file is empty"),
        (tmp_path / "text.mp4", "not a video"),
        (tmp_path / "none.mp4", "no such file"),
        (tmp_path, "cannot be opened: Is a directory"),
    ]:
        with pytest.raises(CaptureError, match=message) as caught:
            next(frames(path))
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_wrong_interval_is_a_mistake_in_code(clip):
    with pytest.raises(ValueError, match="must be above 0"):
        next(frames(clip, 0))


@pytest.mark.parametrize("ending", [".jp2", ".ppm", ".png", ".bmp", ".tiff", ".webp"])
def test_a_still_picture_named_like_a_video_reaches_no_decoder(tmp_path, monkeypatch, ending):
    path = tmp_path / "clip01.mp4"
    path.write_bytes(cv2.imencode(ending, np.full((40, 60, 3), 90, np.uint8))[1].tobytes())
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: pytest.fail("a decoder saw it"))
    with pytest.raises(CaptureError, match="not a video that can be read"):
        next(frames(path))


def test_a_playlist_of_other_files_is_no_video(tmp_path, clip):
    path = tmp_path / "list.mp4"
    for text in (f"#EXTM3U\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n", f"ffconcat version 1.0\nfile '{clip}'\n"):
        path.write_text(text)
        with pytest.raises(CaptureError, match="not a video that can be read"):
            next(frames(path))
