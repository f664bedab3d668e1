"""Bundles changed in a browser, before the real daemon on a recorded stream. Skipped where Chromium is missing."""

import pytest

from . import test_page_browser as page
from .test_page_browser import browse, daemon, recording, text, until  # noqa: F401 - fixtures
from .test_page_models import packed

By = page.By


@pytest.fixture
def models(daemon, browse):  # noqa: F811
    """A browser of a size at the page of models, logged in."""
    url, token, running = daemon

    def opened(*size, **more):
        browser = browse(*size, **more)
        browser.get(f"{url}/models")
        page.log_in(browser, page.PASSWORD)
        if "/login" in browser.current_url:
            page.log_in(browser, token)
            for field in ("password", "again"):
                browser.find_element(By.ID, field).send_keys(page.PASSWORD)
            page.follow(browser, By.CSS_SELECTOR, "main button")
        browser.get(f"{url}/models")
        until(browser, lambda: "Bundle" in text(browser, "#used"))
        return browser, running

    return opened


def send(browser, path):
    browser.find_element(By.ID, "file").send_keys(str(path))
    browser.find_element(By.CSS_SELECTOR, "#upload button").click()


def used(browser):
    return text(browser, "#used dd:first-of-type").partition("-")[0]


def test_a_bundle_is_uploaded_reads_and_is_rolled_back_while_the_daemon_reads(models, tmp_path):
    browser, running = models(1280, 900)
    assert used(browser) == "shipped"
    packed(tmp_path / "meter.zip", "meter")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "meter.zip").read_bytes()[:200_000])
    send(browser, tmp_path / "cut.zip")
    until(browser, lambda: "expected a bundle's folder" in text(browser, "#change.bad"))
    assert used(browser) == "shipped"

    before, process = len(running.readings), running.process.pid
    send(browser, tmp_path / "meter.zip")
    until(browser, lambda: "reads now" in text(browser, "#change.good"))
    assert used(browser) == "meter"
    count = len(running.readings)
    assert count > before
    until(browser, lambda: len(running.readings) > count + 2)

    browser.find_element(By.ID, "show-card").click()
    until(browser, lambda: "Trained on" in text(browser, "#card-text h4"))
    assert browser.find_elements(By.CSS_SELECTOR, "#card-text table td")
    assert not browser.find_elements(By.CSS_SELECTOR, "#card-text img, #card-text a, #card-text script")

    assert "shipped" in text(browser, "#rollback")
    browser.find_element(By.ID, "rollback").click()
    until(browser, lambda: "default reads now" in text(browser, "#change.good"))
    until(browser, lambda: used(browser) == "shipped")
    assert running.process.poll() is None
    assert running.process.pid == process
    assert "Traceback" not in running.log
    assert page.complaints(browser) == []


def test_a_card_is_text_whatever_it_holds(models):
    browser, _ = models(1280, 900)
    evil = "# <img src=x onerror=alert(1)>\n\n<script>document.title='gone'</script> **[b](javascript:alert(1))**"
    browser.execute_async_script(
        "const [text, done] = arguments, place = document.getElementById('card-text');"
        "import('/card.js').then(({ showCard }) => showCard(place, text)).then(done)",
        evil,
    )
    browser.execute_script("document.getElementById('card').hidden = false")
    assert "<script>" in text(browser, "#card-text")
    assert not browser.find_elements(By.CSS_SELECTOR, "#card-text img, #card-text a, #card-text script")
    assert browser.title.startswith("Models")


def test_a_phone_shows_the_models_without_scrolling_sideways(models):
    browser, _ = models(360, 740, phone=True)
    browser.find_element(By.ID, "show-card").click()
    until(browser, lambda: "Trained on" in text(browser, "#card-text h4"))
    widths = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
