"""``ocr-edge check`` as a process: one finding for each part, exit codes, and nothing left behind."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.sinks.store.database import Database

from .broker import Broker, free_port

EDGE = Path(__file__).parents[2] / "edge"


def tree(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def check(tmp_path):
    """Runs the command; the exit code and, for each part, level and words. Nothing on disk may change."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((48, 64, 3), 200, np.uint8))
    (tmp_path / "missing").mkdir()

    def run(config, *, source='url = "file:a.png"', bundle="", before=(), without=(), **environment):
        path = tmp_path / "config.toml"
        head = f'bundle = "{bundle}"\n' if bundle else ""
        path.write_text(f"{head}[source]\n{source}\n{config}")
        for package in without:
            (tmp_path / "missing" / f"{package}.py").write_text("raise ImportError\n")
        environment = {
            name: value for name, value in os.environ.items() if name not in {"CREDENTIALS_DIRECTORY"}
        } | {
            "PYTHONPATH": os.pathsep.join(map(str, (tmp_path / "missing", EDGE))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "STATE_DIRECTORY": str(tmp_path / "state"),
            **environment,
        }
        found = tree(tmp_path)
        done = subprocess.run(
            [*before, sys.executable, "-m", "ocr_edge", "check", "--json", "--config", str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        assert tree(tmp_path) == found
        assert "Traceback" not in done.stderr, done.stderr
        found = json.loads(done.stdout)["checks"] if done.stdout else []
        parts = {each["name"]: (each["level"], each["found"]) for each in found}
        assert len(parts) == len(found)
        return done.returncode, parts, done.stderr

    return run


def levels(parts):
    return {part: level for part, (level, _) in parts.items() if level != "ok"}


def test_a_good_configuration_is_said_part_by_part(tmp_path, check):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    pytest.importorskip("ocr_edge.web.server", reason="[http] is not installed")
    with Broker(tmp_path) as broker, socket.create_server(("127.0.0.1", 0)) as receiver:
        (tmp_path / "mosquitto.log").unlink()  # the broker writes on
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}/secret-path"
        config = (
            f'[[region]]\nname = "meter"\n[files]\npath = "readings.jsonl"\n[http]\nport = {free_port()}\n'
            f'[webhook]\nurl = "{url}"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        )
        code, parts, _ = check(config, source='url = "file:a.png"\nmode = "trigger"')
    assert (code, levels(parts)) == (0, {})
    names = "configuration, source, trigger, bundle, regions, state folder, store, files, mqtt, webhook, http"
    assert list(parts) == names.split(", ")
    assert parts["trigger"][1] == "MQTT, HTTP"
    assert parts["regions"][1] == "meter"
    assert parts["mqtt"][1] == "127.0.0.1 takes us"
    assert "secret-path" not in parts["webhook"][1]


def test_a_mark_that_no_value_can_have_is_said_loudly_and_once(check):
    config = '[[region]]\nname = "meter"\n[region.value]\nmin = 0.0\n'
    code, parts, err = check(config, source='url = "file:later.png"', bundle="fast")
    assert (code, parts["regions"]) == (1, ("ok", "meter"))  # the picture comes later
    (line,) = err.splitlines()
    assert line.startswith("WARNING: region meter: bundle ")
    assert "cannot see a decimal point: 3.4 would be read as 34" in line


def test_who_is_away_now_is_waited_for(check):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    config = f'[webhook]\nurl = "http://127.0.0.1:{free_port()}/"\n[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n'
    code, parts, _ = check(config, source='url = "file:later.png"')
    assert (code, levels(parts)) == (1, dict.fromkeys(("source", "mqtt", "webhook"), "error"))
    assert "later.png: no such file" in parts["source"][1]
    assert "refused" in parts["webhook"][1]
    assert "refused" in parts["mqtt"][1]


def test_a_webcam_that_is_not_plugged_in_is_away(check):
    code, parts, _ = check("[store]\nenabled = false\n", source='url = "v4l2:/dev/video97"')
    assert (code, parts["source"]) == (
        1,
        ("error", "/dev/video97: no such device; is the camera plugged in?"),
    )


def test_missing_packages_are_found_and_named_as_the_daemon_does(check):
    code, parts, _ = check(
        '[source.lamp]\nline = 17\n[mqtt]\nhost = "localhost"\n[http]\n',
        without=("gpiod", "paho", "prometheus_client"),
    )
    assert (code, levels(parts)) == (2, dict.fromkeys(("lamp", "mqtt", "http"), "error"))
    for part, extra in (("lamp", "gpio"), ("mqtt", "mqtt"), ("http", "http")):
        assert f"pip install 'ocr-edge[{extra}]'" in parts[part][1]


def test_a_button_is_looked_for_only_where_it_is_used(check):
    button = "[source.trigger.gpio]\nline = 4\n"
    assert check(button, without=("gpiod",))[0] == 0
    code, parts, _ = check(button, source='url = "file:a.png"\nmode = "trigger"', without=("gpiod",))
    assert (code, levels(parts)) == (2, {"trigger": "error"})


@pytest.mark.parametrize("config", ["", "[source.trigger]\nhttp = false\n[http]\nport = {port}\n"])
def test_a_trigger_that_nobody_can_pull_is_wrong(check, config):
    code, parts, _ = check(
        config.replace("{port}", str(free_port())), source='url = "file:a.png"\nmode = "trigger"'
    )
    assert (code, levels(parts)) == (2, {"trigger": "error"})
    assert "nobody can ask for a picture" in parts["trigger"][1]


def test_each_mistake_has_a_line_of_its_own(tmp_path, check):
    (tmp_path / "state").mkdir()
    with sqlite3.connect(tmp_path / "state" / "readings.sqlite") as foreign:
        foreign.execute("CREATE TABLE notes (text)")
    foreign.close()
    config = (
        '[[region]]\npattern = "["\n[files]\npath = "missing"\n[webhook]\nurl = "http://127.0.0.1:99999/x"\n'
        '[mqtt]\nhost = ""\n'
    )
    code, parts, _ = check(config, source='url = "dir:none"')
    wrong = ("source", "regions", "store", "files", "mqtt", "webhook")
    assert (code, levels(parts)) == (2, dict.fromkeys(wrong, "error"))
    assert "database of another program" in parts["store"][1]


def test_an_unknown_key_ends_the_command_with_one_line(check):
    code, parts, log = check("[store]\nenable = false\n")
    assert (code, parts) == (2, {})
    assert "did you mean 'enabled'?" in log
    assert log.count("\n") == 1


def test_a_missing_bundle_has_an_exit_code_of_its_own(tmp_path, check):
    code, parts, _ = check("", source='url = "file:a.png"', bundle="none")
    assert (code, levels(parts)) == (3, {"bundle": "error"})


def test_a_secret_of_systemd_that_nobody_gives_is_wrong_and_how_a_file_is_named_is_said(check):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        port = receiver.getsockname()[1]
        config = (
            f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\nusername = "pi"\npassword_file = "mqtt-password"\n'
            f'[webhook]\nurl = "http://127.0.0.1:{port}/"\ntoken_file = "token"\n'
        )
        camera = 'url = "http://127.0.0.1:1/x"\nusername = "pi"\npassword_file = "camera-password"'
        code, parts, _ = check(config, source=camera)
        secrets = {
            "source.password_file": "camera-password",
            "mqtt.password_file": "mqtt-password",
            "webhook.token_file": "token",
        }
        assert (code, levels(parts)) == (2, dict.fromkeys(secrets, "error"))
        for key, name in secrets.items():
            assert parts[key][1].startswith(f"/etc/credstore/ocr-edge.{name}: cannot be read: ")
            assert parts[key][1].endswith(f"for a file write ./{name}")
        code, parts, _ = check(config, source=camera, CREDENTIALS_DIRECTORY="/none")
    assert (code, levels(parts)) == (2, dict.fromkeys(secrets, "error"))


def test_a_state_folder_that_may_not_be_entered_is_wrong_in_words(tmp_path, check):
    before = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may go everywhere, and setpriv is not installed (apt install util-linux)")
        before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0)
    try:
        config = '[files]\npath = "state/x/readings.jsonl"\n'
        code, parts, _ = check(config, source='url = "dir:state"', before=before)
    finally:
        state.chmod(0o755)
    wrong = dict.fromkeys(("source", "bundle"), "error") | dict.fromkeys(
        ("state folder", "store", "files"), "unknown"
    )
    assert (code, levels(parts)) == (2, wrong)
    assert parts["store"][1] == f"not known: this user may not look at {state}/readings.sqlite"
    assert parts["files"][1] == f"not known: this user may not look at {state}/x/readings.jsonl"


def number(value, pattern="", corners=""):
    pattern = f"pattern = '{pattern}'\n" if pattern else ""
    return f'[[region]]\nname = "meter"\n{corners}{pattern}[region.value]\n{value}\n'


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (number('unit = "m3"\ndevice_class = "water"'), "device_class 'water' needs the unit 'CCF' or "),
        (
            number("decimals = 9", r"\d{3}"),
            "region 'meter': decimals 9, but pattern \"\\d{3}\" has 3 digits at most",
        ),
        (number("decimals = 4", r"(\d\d|\d{3}[XYZ])"), "has 2 digits at most"),
        (number("", "[A-Z]{3}"), "region 'meter': no text that pattern \"[A-Z]{3}\" allows is a number"),
        (number('unit = "MWh"', "[A-Z]{2,}"), 'no text that pattern "[A-Z]{2,}" allows is a number'),
        (
            number('format = "0"\ndecimals = 2'),
            "region 'meter': decimals 2, but value.format \"0\" has 1 digits at most",
        ),
        (
            '[[region]]\nname = "far"\ncorners = [[0, 0], [90, 0], [90, 40], [0, 40]]\n',
            "region 'far': corner 2 (90, 0) lies outside of the picture of 64x48",
        ),
        ("[picture]\nsize = [640, 360]\n", "the camera gives 64x48, coordinates are for 640x360"),
    ],
)
def test_what_can_be_loaded_and_makes_no_sense_is_warned_of(check, config, told):
    code, parts, _ = check(config)
    assert (code, parts["regions"][0]) == (0, "warning")
    assert told in parts["regions"][1]


@pytest.mark.parametrize(
    "config",
    [
        number('unit = "m³"\ndevice_class = "water"\ndecimals = 3', r"\d{3}"),
        number('unit = "kWh"', r"-?\d{1,3}\.\d ?kWh"),
        number("", r"\d+"),
        number("decimals = 3", r"\d{3}|[A-Z]{4}"),
        number('format = "00:00"'),
        number('format = "#0:00:00"'),
        number('format = "###0 hPa|###0 m³"'),
        number('format = "CO2 ##0 ppm"\ndecimals = 3'),
        number('format = "00000"\nrolling = "up"\nunit = "m³"'),
        '[[region]]\nname = "near"\ncorners = [[0, 0], [64, 0], [64, 48], [0, 48]]\n',
        "[picture]\nsize = [640, 480]\n",
    ],
)
def test_what_makes_sense_is_not_warned_of(check, config):
    code, parts, _ = check(config)
    assert (code, levels(parts)) == (0, {})


def test_corners_are_compared_with_the_picture_as_it_is_turned(check):
    config = '[[region]]\nname = "near"\ncorners = [[0, 0], [48, 0], [48, 64], [0, 64]]\n'
    assert levels(check(config)[1]) == {"regions": "warning"}
    assert levels(check(config, source='url = "file:a.png"\nrotate = 90')[1]) == {}


def test_a_state_folder_in_which_nothing_can_be_kept_is_wrong_for_root_too(check):
    code, parts, _ = check("", bundle='default"\nstate_dir = "/proc/x')
    assert (code, levels(parts)) == (2, {"state folder": "error"})
    assert "/proc" in parts["state folder"][1]


def test_a_broker_that_refuses_is_named_once(tmp_path, check):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with Broker(tmp_path, "allow_anonymous false\n") as broker:
        (tmp_path / "mosquitto.log").unlink()  # the broker writes on
        code, parts, err = check(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    assert (code, parts["mqtt"][0], err) == (1, "error", "")


def test_a_database_is_read_without_leaving_a_log_beside_it(tmp_path, check):
    (tmp_path / "state").mkdir()
    Database(tmp_path / "state" / "readings.sqlite").close()
    assert check("")[0] == 0  # the fixture compares what is on disk
