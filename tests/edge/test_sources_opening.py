"""What ``source.url`` may say, and what is said when it makes no sense."""

import re
from pathlib import Path

import pytest

from ocr_edge.config import urls
from ocr_edge.config.load import parse
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import ConfigError
from ocr_edge.sources.folder import Folder
from ocr_edge.sources.http_camera import HttpCamera
from ocr_edge.sources.opening import open_source, problem
from ocr_edge.sources.still import Still
from ocr_edge.sources.stream import Stream
from ocr_edge.sources.video import Clip


def settings(url, **changed):
    return SourceSettings(url=url, **changed)


@pytest.mark.parametrize(
    ("url", "kind", "where"),
    [
        ("picamera2:1", "picamera2", "1"),
        ("picamera2", "picamera2", "0"),
        ("v4l2:/dev/video2", "v4l2", "/dev/video2"),
        ("/dev/video2", "v4l2", "/dev/video2"),
        ("webcam:0", "v4l2", "/dev/video0"),
        ("RTSP://cam:554/1", "rtsp", "RTSP://cam:554/1"),
        ("dir:in box", "dir", "in box"),
    ],
)
def test_each_kind_of_source_has_its_form(url, kind, where):
    assert urls.split(url) == (kind, where)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "usb:0",
        "picamera2:front",
        "picamera2:-1",
        "file:",
        "dir:",
        "rtsp:///x",
        "http://:80/x",
        "http://h:99999/",
        "http://[::1/",
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_known(url):
    with pytest.raises(ConfigError) as caught:
        open_source(settings(url))
    assert problem(settings(url)) == str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_kind_lists_the_known_ones_and_keeps_the_password():
    message = problem(settings("rtmp://maker:secret@camera/x"))
    assert "secret" not in message
    for kind in ("picamera2:0", "v4l2:", "rtsp:", "http:", "file:", "dir:", "video:"):
        assert kind in message


def test_local_sources_are_made_but_not_opened(tmp_path):
    (tmp_path / "a.mp4").touch()
    assert isinstance(open_source(settings(f"dir:{tmp_path}")), Folder)
    assert isinstance(open_source(settings(f"video:{tmp_path}/a.mp4")), Clip)
    assert isinstance(open_source(settings(f"file:{tmp_path}/none.png")), Still)
    assert isinstance(open_source(settings("v4l2:/dev/video97")), Stream)
    assert isinstance(open_source(settings("http://192.0.2.1/x")), HttpCamera)
    assert isinstance(open_source(settings("rtsp://192.0.2.1/x")), Stream)


def test_what_is_missing_at_the_start_is_one_clear_line(tmp_path):
    (tmp_path / "a.mp4").touch()
    for url, words in [
        (f"dir:{tmp_path}/none", "no such folder"),
        (f"dir:{tmp_path}/a.mp4", "expected a folder"),
        (f"video:{tmp_path}", "expected a file"),
        (f"video:{tmp_path}/none.mp4", "no such file"),
    ]:
        with pytest.raises(ConfigError, match=words):
            open_source(settings(url))
        assert str(tmp_path) in problem(settings(url))
    assert "no such device" in problem(settings("webcam:97"))
    assert "no such file" in problem(settings(f"file:{tmp_path}/none.png"))
    assert problem(settings(f"file:{tmp_path}")).endswith(
        "is a folder, expected a picture; for its pictures write dir:"
    )
    assert "cannot be read" in problem(
        settings("rtsp://192.0.2.1/", username="a", password_file="/none/here")
    )
    assert problem(settings("rtsp://192.0.2.1/")) == ""
    assert problem(settings(f"dir:{tmp_path}")) == ""


@pytest.mark.parametrize("kind", ["dir", "video"])
def test_a_trigger_does_not_go_with_pictures_that_come_by_themselves(tmp_path, kind):
    (tmp_path / "a.mp4").touch()
    url = {"dir": f"dir:{tmp_path}", "video": f"video:{tmp_path}/a.mp4"}[kind]
    with pytest.raises(ConfigError, match=f'"trigger": {kind}: gives its pictures by itself; use mode'):
        open_source(settings(url, mode="trigger"))
    assert "by itself" in problem(settings(url, mode="trigger"))
    assert problem(settings("rtsp://192.0.2.1/", mode="trigger")) == ""


def test_relative_paths_are_taken_from_the_configuration_s_folder():
    assert urls.anchored("dir:inbox", Path("/etc/ocr")) == "dir:/etc/ocr/inbox"
    assert urls.anchored("file:/srv/now.jpg", Path("/etc/ocr")) == "file:/srv/now.jpg"
    assert urls.anchored("rtsp://cam/x", Path("/etc/ocr")) == "rtsp://cam/x"
    assert urls.anchored("/dev/video0", Path("/etc/ocr")) == "/dev/video0"


def test_credentials_are_added_escaped_and_shown_never():
    url = urls.with_login("rtsp://old:one@cam:554/h264?token=1", "me", "p@ss:w/rd")
    assert url == "rtsp://me:p%40ss%3Aw%2Frd@cam:554/h264?token=1"
    assert urls.shown(url) == "rtsp://cam:554/h264"
    assert urls.without_login(url) == ("rtsp://cam:554/h264?token=1", "me", "p@ss:w/rd")
    assert urls.with_login("rtsp://old:one@cam/", "", "x") == "rtsp://old:one@cam/"
    assert urls.shown("rtsp://old:one@[cam/") == "rtsp:"


def test_the_examples_of_the_documentation_are_configurations():
    text = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    for block in blocks:
        urls.split(parse(block, Path("sources.md")).source.url)
    for kind in urls.KINDS:
        assert f"`{kind}:" in text or f"{kind}://" in text


def test_a_source_without_its_kind_is_told_how_to_write_it():
    with pytest.raises(
        ConfigError, match=r"source.url 'ref.png': its kind is missing, as in file:ref.png; known are"
    ):
        urls.split("ref.png")
    with pytest.raises(ConfigError, match=r"source.url 'nfs:': unknown kind of source; known are") as told:
        urls.split("nfs://me:secret@host/x")
    assert "secret" not in str(told.value)
    with pytest.raises(ConfigError) as told:
        urls.split("me/secret@host")
    assert "secret" not in str(told.value)
