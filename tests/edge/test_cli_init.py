"""``ocr-edge init``: a first configuration that loads, and a token that is nowhere but on the screen."""

import re
import time

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")

from ocr_edge.cli import main
from ocr_edge.commands import init
from ocr_edge.config import load
from ocr_edge.web.secret_file import SecretFile


@pytest.fixture
def run(tmp_path, capsys, caplog):
    path = tmp_path / "new" / "config.toml"

    def called(*arguments):
        code = main(["init", "--config", str(path), *arguments])
        out, err = capsys.readouterr()
        token = re.search(r"^token: +(\S+)", out, re.M)
        return code, out, err, token and token[1]

    called.path = path
    return called


def test_the_first_configuration_loads_and_its_token_opens_the_page(run):
    code, out, _, token = run("--source", "file:/tmp/a.png")
    assert code == 0
    config = load(run.path)
    assert config.source.url == "file:/tmp/a.png"
    assert (config.http.address, config.http.port) == ("127.0.0.1", 9464)
    assert config.http.page is not None
    assert "http://localhost:9464/" in out
    assert "ssh -L 9464:localhost:9464" in out
    assert token not in config.http.secret_file.read_text()
    assert SecretFile(config.http.secret_file).opened_by(token, time.time()) == "token"


def test_the_network_is_let_in_when_somebody_says_so(run):
    code, out, _, _ = run("--source", 'file:/tmp/with "quotes".png', "--network", "--port", "8080")
    config = load(run.path)
    assert (code, config.http.address, config.http.port) == (0, "0.0.0.0", 8080)
    assert config.source.url == 'file:/tmp/with "quotes".png'
    assert re.search(r"^page: +http://[^/]+:8080/$", out, re.M)
    assert "localhost" not in out


def test_a_configuration_of_somebody_is_kept_and_gets_a_new_token(run):
    run("--source", "file:/tmp/a.png")
    secret = SecretFile(run.path.with_name("page-secret"))
    secret.set_password("correct horse battery")
    run.path.write_text(run.path.read_text() + "# mine\n")
    code, out, _, token = run("--source", "file:/tmp/b.png")
    assert (code, "(kept)" in out) == (0, True)
    assert "# mine" in run.path.read_text()
    assert load(run.path).source.url == "file:/tmp/a.png"
    assert secret.is_password("correct horse battery")
    assert secret.opened_by(token, time.time()) == "token"


def test_a_configuration_without_a_page_is_kept_and_what_to_add_is_said(run):
    run.path.parent.mkdir()
    run.path.write_text('[source]\nurl = "file:/tmp/a.png"\n')
    code, out, err, token = run()
    assert (code, out, token) == (2, "", None)
    assert 'add [http] with secret_file = "page-secret" and [http.page]' in err
    assert len(err.splitlines()) == 1
    assert list(run.path.parent.iterdir()) == [run.path]


def test_options_that_a_kept_configuration_does_not_take_are_named(run):
    run("--source", "file:/tmp/a.png")
    _, out, _, _ = run("--source", "file:/tmp/b.png", "--port", "9555", "--network")
    (line,) = [line for line in out.splitlines() if line.startswith("not taken:")]
    assert (
        "--source, --port, --network: the file is kept; change source.url, http.port, http.address in it"
        in line
    )
    assert "not taken" not in run()[1]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("", r"picamera2:0 +\(no camera was found here: change source.url"),
        ("PICAMERA2", r"picamera2:0 +\(not tried"),
        ("USB_CAMERAS", r"v4l2:/dev/video0 +\(a camera is there"),
    ],
)
def test_what_is_known_of_the_camera_is_said(run, monkeypatch, tmp_path, there, said):
    for name in ("PICAMERA2", "USB_CAMERAS"):
        monkeypatch.setattr(init, name, tmp_path if name == there else tmp_path / "none")
    code, out, _, _ = run()
    assert code == 0
    assert re.search(f"^source: +{said}", out, re.M)


def test_what_the_installer_laid_there_is_nobodys(run, monkeypatch, tmp_path):
    seed = tmp_path / "seed.toml"
    seed.write_text('[source]\nurl = "picamera2:0"\n')
    monkeypatch.setattr(init, "SEED", seed)
    run.path.parent.mkdir()
    run.path.write_bytes(seed.read_bytes())
    assert run("--source", "file:/tmp/a.png")[0] == 0
    assert load(run.path).http.page is not None


@pytest.mark.parametrize("wrong", [["--source", "nonsense"], ["--source", "file:a", "--port", "70000"]])
def test_a_wrong_argument_writes_nothing(run, wrong):
    code, _, err, _ = run(*wrong)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert not run.path.exists()


def test_a_folder_that_cannot_be_written_is_one_line(run):
    run.path.parent.parent.joinpath("new").write_text("a file")
    code, _, err, _ = run("--source", "file:a")
    assert (code, len(err.splitlines())) == (2, 1)
