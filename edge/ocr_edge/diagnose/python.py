"""The interpreter, its virtual environment, and what pip must not bring."""

from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, warn
from ocr_edge.diagnose.probe import Probe

OLDEST = (3, 11)
FROM_APT = ("picamera2", "pykms", "rpi-kms", "libcamera", "rpi-libcamera")
"""Packages that fit the system's libcamera only when apt brings them."""
REINSTALL = "run the installer again: sudo systemd/install.sh"


def interpreter(probe: Probe) -> Iterator[Check]:
    """Whether this Python and processor are new and wide enough."""
    python = probe.python
    version = ".".join(map(str, python.version))
    found = f"Python {version}, {python.bits} bit on {python.machine}"
    if python.bits != 64 or python.machine in {"armv6l", "armv7l"}:
        yield fail(
            "python",
            f"{found}; the interpreter of the networks needs a 64-bit OS",
            "write 'Raspberry Pi OS (64-bit)' to the SD card with Raspberry Pi Imager; a Pi 1 or Zero W cannot run it",
        )
    elif python.version[:2] < OLDEST:
        yield fail(
            "python", f"{found}; 3.11 or newer is needed", "upgrade to Raspberry Pi OS Bookworm or newer"
        )
    elif python.machine not in {"aarch64", "x86_64"}:
        yield warn("python", f"{found}; tested on aarch64 and x86_64 only", "if it fails, use one of those")
    else:
        yield ok("python", found)


def environment(probe: Probe) -> Iterator[Check]:
    """Whether the virtual environment can see apt's picamera2."""
    if not probe.wants_picamera2:
        return
    python = probe.python
    if python.prefix == python.base_prefix:
        yield ok("venv", "none; the system's packages are visible")
        return
    lines = (probe.text(f"{python.prefix}/pyvenv.cfg") or "").splitlines()
    settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    if settings.get("home", "/usr/bin") not in {"/usr/bin", "/bin"}:
        yield fail(
            "venv",
            f"made with the Python in {settings['home']}; apt's picamera2 works with the system's own only",
            f"make it again: /usr/bin/python3 -m venv --clear --system-site-packages {python.prefix}; then {REINSTALL}",
        )
    elif settings.get("include-system-site-packages", "").lower() != "true":
        yield fail(
            "venv",
            "made without --system-site-packages, so apt's picamera2 cannot be seen",
            f"sudo sed -i 's/^include-system-site-packages.*/include-system-site-packages = true/'"
            f" {python.prefix}/pyvenv.cfg",
        )
    else:
        yield ok("venv", f"{python.prefix} sees the system's packages")


def from_pip(probe: Probe) -> Iterator[Check]:
    """Whether pip brought what only apt can bring rightly."""
    found = probe.packages()
    wrong = [name for name in FROM_APT if name in found and "dist-packages" not in found[name][1].parts]
    if wrong and probe.wants_picamera2:
        yield fail(
            "picamera2 from pip",
            f"{', '.join(wrong)} in {found[wrong[0]][1]}: breaks with the next update of libcamera",
            f"{probe.pip} uninstall {' '.join(wrong)}; sudo apt install --no-install-recommends python3-picamera2",
        )
