"""From the installer to a meter's value on a phone's screen, in a booted container: python3 phone.py ROOT WHEELS.

As ``prove.py``, whose ROOT and WHEELS it takes; needs Chromium, selenium, OpenCV and Pillow on this side too. The
container shares this side's network: a recorded camera serves the picture of a drawn meter. Prints seconds.
"""

import http.server
import re
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from machine import Machine, copied
from PIL import Image, ImageDraw, ImageFont
from prove import REPO, fetch_wheels
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CAMERA_PORT, PATIENCE_S = 8700, 60.0
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
PASSWORD = "water-meter-42"


def meter() -> bytes:
    """A JPEG of a meter that shows 0123.456 m³ and its number."""
    image = Image.new("RGB", (960, 540), (120, 112, 100))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((120, 80, 840, 460), 20, fill=(235, 233, 226))
    draw.rectangle((200, 170, 720, 300), fill=(180, 195, 170))
    draw.text((225, 178), "0123.456", (25, 30, 25), font=ImageFont.truetype(FONT, 96))
    small = ImageFont.truetype(FONT, 36)
    draw.text((740, 235), "m³", (40, 40, 40), font=small)
    draw.text((220, 350), "No. 4711-0815", (50, 50, 50), font=small)
    return bytes(cv2.imencode(".jpg", cv2.GaussianBlur(np.asarray(image)[..., ::-1], (0, 0), 0.8))[1])


class Camera(http.server.BaseHTTPRequestHandler):
    """An MJPEG stream of one picture."""

    picture = meter()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
        self.end_headers()
        head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.picture)}\r\n\r\n".encode()
        try:
            while True:
                self.wfile.write(head + self.picture + b"\r\n")
                time.sleep(0.2)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def phone() -> webdriver.Chrome:
    """A browser of 360 pixels."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    size = {"width": 360, "height": 720, "pixelRatio": 1.5}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": size})
    return webdriver.Chrome(options=options)


def main(root: Path, wheels: Path) -> None:
    """Walk."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", CAMERA_PORT), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch_wheels(root, wheels)
    shares = [f"--bind-ro={REPO}:/src", f"--bind-ro={wheels}:/wheels", "--resolv-conf=off"]
    with copied(root) as copy, Machine(copy, *shares) as machine:
        began = time.monotonic()

        def done(what: str) -> None:
            print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

        machine.run("/src/systemd/install.sh --offline /wheels", timeout=600)
        done("sudo systemd/install.sh")
        said = machine.run(f"ocr-edge init --source http://127.0.0.1:{CAMERA_PORT}/stream")
        done("sudo ocr-edge init --source …")
        machine.run("systemctl restart ocr-edge")
        done("sudo systemctl restart ocr-edge")
        browser = phone()
        try:
            walk(browser, re.search(r"page:\s+(\S+)", said)[1], re.search(r"token:\s+(\S+)", said)[1], done)
        finally:
            browser.quit()
        print(machine.run("cat /var/lib/ocr-edge/config.toml"))


def walk(browser: webdriver.Chrome, page: str, token: str, done: object) -> None:
    """Open the page, log in, set a region up, and see its value."""

    def found(selector: str, text: str = "") -> object:
        def look(_: object) -> object:
            return next(
                (each for each in browser.find_elements(By.CSS_SELECTOR, selector) if text in each.text),
                False,
            )

        return WebDriverWait(browser, PATIENCE_S, ignored_exceptions=[Exception]).until(look)

    def tap(selector: str, text: str = "") -> None:
        browser.execute_script("arguments[0].click()", found(selector, text))

    WebDriverWait(browser, PATIENCE_S, ignored_exceptions=[Exception]).until(
        lambda _: browser.get(page) or browser.find_elements(By.ID, "secret")
    )
    found("#secret").send_keys(token)
    tap("button")
    for field in ("#password", "#again"):
        found(field).send_keys(PASSWORD)
    tap("button")
    found("nav a", "Setup")
    done(f"{page}: token, password twice")
    tap("nav a", "Setup")
    found("#still-age", "Held since")
    tap("#suggest")
    tap("#suggestions button", "0123.456")
    found(".region .reads", "123.456")
    done("Setup, Suggest regions, tap the number")
    tap("#save")
    found("#said", "Saved and applied")
    tap("nav a", "Live")
    found("#readings", "0123.456")
    done("Save and apply; Live shows it")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
