"""The page in a real browser, before the real daemon on a recorded stream. Skipped where Chromium is not installed."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack

import cv2
import numpy as np
import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("Chromium or its driver is not installed", allow_module_level=True)

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

from lib.soak.world import Camera  # noqa: E402

from .broker import free_port  # noqa: E402
from .daemon_process import EDGE, DaemonProcess  # noqa: E402

PASSWORD = "correct horse battery"
PATIENCE_S = 60.0
"""A browser starts in two seconds, on a machine that does nothing else."""


@pytest.fixture(scope="module")
def recording() -> str:
    """Address of a recorded stream, over and over: a display that counts from 4711 to 4725, one each two seconds."""
    shown = []
    for number in range(4711, 4726):
        image = np.full((240, 640, 3), (96, 120, 140), np.uint8)
        cv2.rectangle(image, (60, 60), (580, 190), (235, 240, 240), -1)
        cv2.putText(
            image, str(number), (120, 155), cv2.FONT_HERSHEY_DUPLEX, 3.0, (30, 30, 30), 6, cv2.LINE_AA
        )
        shown.append(cv2.imencode(".jpg", image)[1].tobytes())
    return Camera(5, lambda count: shown[count // 10 % len(shown)]).url


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, recording):
    """The daemon with the configuration of ``ocr-edge init``, and the token that it printed."""
    folder = tmp_path_factory.mktemp("daemon")
    port, path = free_port(), folder / "config.toml"
    command = ["init", "--config", path, "--source", recording, "--port", str(port)]
    done = subprocess.run(
        [sys.executable, "-m", "ocr_edge", *command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(EDGE), os.environ.get("PYTHONPATH", "")])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    assert said["page"].strip() == f"http://localhost:{port}/"
    region = "[[region]]\nname = 'counter'\ncorners = [[70, 70], [570, 70], [570, 180], [70, 180]]\n[region.value]\n"
    config = (
        path.read_text().replace("[http]", "mode = 'continuous'\n[store]\ncommit_s = 0.2\n[http]") + region
    )
    with DaemonProcess(folder, config) as running:
        running.until_ready()
        yield f"http://localhost:{port}", said["token"].split()[0], running


@pytest.fixture
def browse():
    """Opens browsers of a size."""
    with ExitStack() as stack:

        def opened(width: int, height: int, *, phone: bool = False):
            options = webdriver.ChromeOptions()
            options.binary_location = CHROMIUM
            for argument in ("headless=new", "no-sandbox", "disable-gpu", f"window-size={width},{height}"):
                options.add_argument(f"--{argument}")
            if phone:
                metrics = {"width": width, "height": height, "pixelRatio": 2.0}
                options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
            options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
            browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
            stack.callback(browser.quit)
            return browser

        yield opened


def log_in(browser, secret):
    browser.find_element(By.ID, "secret").send_keys(secret)
    follow(browser, By.TAG_NAME, "button")


def follow(browser, *where):
    """Click on what leads to another page, and wait for that."""
    browser.execute_script("window.before = true")
    browser.find_element(*where).click()
    arrived = "return !window.before && document.readyState === 'complete'"
    until(browser, lambda: browser.execute_script(arrived))


def until(browser, true):
    return WebDriverWait(browser, PATIENCE_S).until(lambda _: true())


def text(browser, selector):
    # In one step: the page replaces its elements all the time. What innerText says of a part that was just unfolded
    # waits for a frame to be drawn, and without a screen, on a busy machine, none may be for a minute.
    script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent).join(' ')"
    return browser.execute_script(script, selector)


def source(browser):
    return browser.execute_script("return document.getElementById('picture').src")


def complaints(browser):
    """What the browser says of scripts, policies and files; answers that refuse a login are none."""
    logged = [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    return [entry["message"] for entry in logged if "/login" not in entry["message"]]


def test_an_owner_sets_a_password_and_sees_readings(daemon, browse):
    url, token, running = daemon
    browser = browse(1280, 900)
    browser.get(f"{url}/history")
    assert browser.current_url == f"{url}/login"
    log_in(browser, "not the token")
    assert "That is not the password" in text(browser, "[role=alert]")
    log_in(browser, token)
    assert browser.current_url == f"{url}/password"
    for field in ("password", "again"):
        browser.find_element(By.ID, field).send_keys(PASSWORD)
    follow(browser, By.CSS_SELECTOR, "main button")
    assert browser.current_url == f"{url}/"
    until(browser, lambda: "47" in text(browser, ".card .text"))
    until(browser, lambda: "% sure" in text(browser, ".card"))
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#boxes rect, #boxes polygon"))
    assert "ms:" in text(browser, ".card")
    picture = "return document.getElementById('picture').naturalWidth"
    assert browser.execute_script(picture) == 640
    shown = source(browser)
    until(browser, lambda: source(browser) != shown)

    browser.find_element(By.ID, "pause").send_keys(" ")  # by keyboard
    assert browser.find_element(By.ID, "pause").get_attribute("aria-pressed") == "true"

    follow(browser, By.LINK_TEXT, "History")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#rows tr")) >= 2)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#plot polyline"))
    assert "values" in text(browser, "#plot-text")
    assert "47" in text(browser, "#rows")
    field = browser.find_element(By.NAME, "text")
    field.send_keys("no such text\n")
    until(browser, lambda: "No such readings." in text(browser, "#said"))

    follow(browser, By.LINK_TEXT, "State")
    until(browser, lambda: "continuous" in text(browser, "#state"))
    assert "store" in text(browser, "#receivers")
    assert "region counter: news" in text(browser, "#log")
    assert complaints(browser) == []

    follow(browser, By.CSS_SELECTOR, "footer button")
    assert browser.current_url == f"{url}/login"
    assert token not in running.log
    assert PASSWORD not in running.log
    secret = running.folder / "page-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert json.loads(secret.read_text())["token"] == ""


def test_a_phone_shows_it_without_scrolling_sideways_and_wrong_passwords_are_slowed_down(daemon, browse):
    url, _, _ = daemon
    browser = browse(390, 844, phone=True)
    browser.get(url)
    log_in(browser, PASSWORD)
    until(browser, lambda: "47" in text(browser, ".card .text"))
    for path in ("/", "/history", "/state", "/password"):
        browser.get(url + path)
        time.sleep(1)
        widths = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], path
    browser.delete_all_cookies()
    browser.get(url)
    for _ in range(12):  # six where a try takes less than the first wait of a second
        log_in(browser, "wrong")
        if "try again in" in text(browser, "[role=alert]"):
            break
    else:
        pytest.fail("twelve wrong passwords, and no wait")


def test_the_page_is_at_the_port_of_its_configuration_alone(daemon):
    url, _, _ = daemon
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{url}/live.jpg", timeout=10)
