"""The page of samples in a real browser, before the real daemon. Skipped where Chromium is not installed."""

import json
import tarfile
import urllib.request

import cv2
import numpy as np
import pytest

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .broker import free_port
from .broker import until as wait
from .daemon_process import DaemonProcess
from .sample_parts import filled, strip
from .test_page_browser import browse, complaints, text, until  # noqa: F401 - a fixture among them

PAIRS = [(f"{number:04d}7", f"{number:04d}7".replace("0", "O", 1)) for number in range(20)]
"""Twenty lines, what stands there and what was read."""
FROM_CAMERA = "5830"


@pytest.fixture
def daemon(tmp_path):
    """The daemon with twenty samples in its folder, reading a picture of a text."""
    picture = strip(FROM_CAMERA)
    picture = cv2.resize(picture, None, fx=2, fy=2)
    shown = np.full((240, 640, 3), 225, np.uint8)
    shown[70 : 70 + picture.shape[0], 100 : 100 + picture.shape[1]] = picture
    cv2.imwrite(str(tmp_path / "shown.png"), shown[..., ::-1])
    around = cv2.imencode(".jpg", shown)[1].tobytes()
    filled(tmp_path / "state" / "samples", PAIRS, around=around)
    port = free_port()
    config = f"""
        [source]
        url = "file:shown.png"
        [harvest]
        commit_s = 1000
        below = 1.0
        per_hour = 2
        surroundings = true
        [http]
        port = {port}
        [http.page]
    """
    with DaemonProcess(tmp_path, config) as running:
        running.until_ready()
        wait(lambda: running.readings, 120)
        yield f"http://localhost:{port}", tmp_path


def shown(browser):
    return browser.execute_script("return document.getElementById('text').value")


def counted(browser, said):
    until(browser, lambda: text(browser, "#count").startswith(said))


def test_twenty_samples_are_labelled_by_keyboard_and_downloaded(daemon, browse):  # noqa: F811
    url, folder = daemon
    browser = browse(1280, 900)
    browser.get(f"{url}/samples")
    # What the camera shows was harvested, and the page had it written: without, it would wait for minutes.
    until(browser, lambda: "of 2" in text(browser, "#count"))
    total = int(text(browser, "#count").split()[-1])
    assert total in (21, 22)
    field = browser.find_element(By.ID, "text")
    until(browser, lambda: browser.execute_script("return document.activeElement.id") == "text")
    truth = {read: written for written, read in PAIRS}
    labelled = {}
    for count in range(20):
        said = shown(browser)
        if count == 3:  # another key: nobody can read it
            labelled[said] = ""
            field.send_keys(Keys.ESCAPE)
        elif count == 5:  # as it was read, then taken back
            field.send_keys(Keys.ENTER)
            counted(browser, "6 ")
            field.send_keys(Keys.PAGE_UP)
            counted(browser, "5 ")
            assert shown(browser) == said
            field.send_keys(truth[said], Keys.ENTER)
            labelled[said] = truth[said]
        elif count % 2:
            field.send_keys(Keys.ENTER)
            labelled[said] = said
        else:
            field.send_keys(truth[said], Keys.ENTER)
            labelled[said] = truth[said]
        counted(browser, f"{count + 1} ")
    assert len(labelled) == 20
    assert complaints(browser) == []
    browser.refresh()  # at once: the last label is on its way
    wait(lambda: len(list((folder / "state" / "samples").glob("*.label"))) == 20, 30)
    browser.refresh()
    counted(browser, "20 of")
    with urllib.request.urlopen(f"{url}/samples.tar", timeout=20) as answer:
        (folder / "samples.tar").write_bytes(answer.read())
    with tarfile.open(folder / "samples.tar") as archive:
        rows = [json.loads(line) for line in archive.extractfile("ground_truth.jsonl")]
    assert {row["read"]: row["text"] for row in rows} == {
        read: said for read, said in labelled.items() if said
    }


def test_suggestions_look_alikes_and_later_work_without_a_mouse(daemon, browse):  # noqa: F811
    url, _ = daemon
    browser = browse(1280, 900)
    browser.get(f"{url}/samples")
    field = browser.find_element(By.ID, "text")
    until(browser, lambda: shown(browser))
    first = shown(browser)
    field.send_keys(Keys.ARROW_DOWN)
    assert shown(browser) == text(browser, "#suggestions button").split()[0] != first
    field.send_keys(Keys.ARROW_UP)
    assert shown(browser) == first
    field.send_keys(Keys.PAGE_DOWN)
    until(browser, lambda: shown(browser) != first)
    browser.find_element(By.CSS_SELECTOR, "#order option[value=alike]").click()
    until(browser, lambda: "0 O o Q D" in text(browser, "#group-title"))
    assert "O" in text(browser, "#others")


def test_a_phone_shows_it_without_scrolling_sideways(daemon, browse):  # noqa: F811
    url, _ = daemon
    browser = browse(360, 780, phone=True)
    browser.get(f"{url}/samples")
    until(browser, lambda: shown(browser))
    widths = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    browser.find_element(By.ID, "unreadable").click()
    counted(browser, "1 ")
    browser.find_element(By.CSS_SELECTOR, "#around summary").click()
    loaded = "return document.getElementById('surroundings').naturalWidth"
    until(browser, lambda: browser.execute_script(loaded) == 640)
