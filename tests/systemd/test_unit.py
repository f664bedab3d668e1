"""The unit and its scripts, as far as they can be judged without booting anything; nspawn.sh does the rest."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import ConfigError, ModelError

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
UNIT = SYSTEMD / "ocr-edge.service"
EXPOSURE = 2.5


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as it is after the installation of a program that does nothing."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    version = int(run("systemd-analyze", "--version").stdout.split()[1])
    if version < 252:
        pytest.skip(f"systemd {version} is older than Bookworm's 252")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/ocr-edge/venv/bin/ocr-edge", "/bin/true"))
    if version >= 254:
        (tmp_path / f"{UNIT.name}.d").mkdir()
        shutil.copy(SYSTEMD / "backoff.conf", tmp_path / f"{UNIT.name}.d")
    return unit


def test_systemd_understands_every_line(installed):
    # An unknown key is a warning and not an error.
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", installed)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_misspelt_key_would_be_noticed(installed):
    installed.write_text(installed.read_text().replace("MemoryMax", "MemoryMaximum"))
    assert "MemoryMaximum" in run("systemd-analyze", "verify", "--man=no", installed).stderr


def test_the_service_is_hardly_exposed(installed):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", installed)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE


def test_the_processor_and_the_cameras_stay_visible():
    assert not values("ProcSubset")
    assert not values("PrivateDevices")
    assert {"char-video4linux rw", "char-media rw", "char-dma_heap rw"} < set(values("DeviceAllow"))


def test_what_only_an_owner_can_mend_is_not_restarted():
    (codes,) = values("RestartPreventExitStatus")
    assert [int(code) for code in codes.split()] == [ConfigError.exit_code, ModelError.exit_code]
    assert values("Restart") == ["always"]


def test_a_capture_attempt_may_take_its_time_before_the_watchdog_bites():
    (seconds,) = values("WatchdogSec")
    assert int(seconds) >= 2 * SourceSettings(url="dir:x").timeout_s


def test_the_unit_names_what_sysusers_and_tmpfiles_make():
    assert values("User") == ["ocr-edge"]
    assert "u ocr-edge " in (SYSTEMD / "ocr-edge.sysusers.conf").read_text()
    (mode,) = values("StateDirectoryMode")
    assert f"d /var/lib/ocr-edge {mode} ocr-edge ocr-edge" in (SYSTEMD / "ocr-edge.tmpfiles.conf").read_text()


def test_every_secret_of_the_example_configuration_is_offered():
    example = (SYSTEMD / "config.example.toml").read_text()
    wanted = set(re.findall(r'(?:password|token)_file = "([^/"]+)"', example))
    assert wanted
    # Without a slash in the source a missing secret is no error.
    assert not any("/" in value for value in values("LoadCredential"))
    assert wanted <= {value.split(":")[0] for value in values("LoadCredential")}


def test_the_user_and_the_folders_are_made(tmp_path):
    if os.geteuid() != 0 or shutil.which("systemd-sysusers") is None:
        pytest.skip("needs root and systemd-sysusers")
    (tmp_path / "etc").mkdir()
    root = f"--root={tmp_path}"
    users = run("systemd-sysusers", root, SYSTEMD / "ocr-edge.sysusers.conf")
    assert users.returncode == 0, users.stderr
    folders = run("systemd-tmpfiles", "--create", root, SYSTEMD / "ocr-edge.tmpfiles.conf")
    assert folders.returncode == 0, folders.stderr
    _, _, uid, _, _, home, shell = (tmp_path / "etc/passwd").read_text().strip().split(":")
    assert (home, shell) == ("/var/lib/ocr-edge", "/usr/sbin/nologin")
    assert re.search(r"^video:.*:ocr-edge$", (tmp_path / "etc/group").read_text(), re.MULTILINE)
    state, secrets = ((tmp_path / name).stat() for name in ("var/lib/ocr-edge", "etc/credstore"))
    assert (state.st_uid, state.st_mode & 0o777) == (int(uid), 0o750)
    assert (secrets.st_uid, secrets.st_mode & 0o777) == (0, 0o700)


SCRIPTS = [*sorted(SYSTEMD.glob("*.sh")), Path(__file__).with_name("nspawn.sh")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_clean(script):
    assert run("bash", "-n", script).stderr == ""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is missing")
    assert run("shellcheck", script).stdout == ""


@pytest.mark.parametrize("script", sorted(SYSTEMD.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_explain_themselves_and_refuse_what_they_do_not_know(script):
    assert "usage:" in run(script, "--help").stdout
    assert run(script, "--wrong").returncode == ConfigError.exit_code


def test_all_files_of_the_service_are_installed_and_removed():
    install, uninstall = ((SYSTEMD / f"{name}.sh").read_text() for name in ("install", "uninstall"))
    targets = re.findall(
        r"\$LIB/(\S+)$", install.split("trap - EXIT")[1].split("systemd-sysusers")[0], re.MULTILINE
    )
    assert len(targets) == 5
    for target in targets:
        assert f"$LIB/{target}" in uninstall or f"$LIB/{Path(target).parent}" in uninstall, target
