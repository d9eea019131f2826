"""Chromium through its own driver: sizes, light and dark, the console, and what was fetched."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

SHOTS = os.environ.get("TASKPLAN_SCREENSHOTS")
"""A folder for screenshots, to be looked at; none are kept without it."""
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
)


class Browser:
    """One Chromium, and the page in it."""

    def __init__(self, program: str, driver: str, profile: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))

    def close(self) -> None:
        self.driver.quit()

    def begin(self) -> None:
        self.driver.get("about:blank")
        self.complaints()
        self.fetched()
        self.look(1400, "light")

    def open(self, url: str) -> None:
        # A change of the fragment alone would load nothing.
        self.driver.get("about:blank")
        self.driver.get(url)

    def look(
        self,
        width: int,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["", "print"] = "",
    ) -> None:
        """Set the width of the window in CSS pixels, the colour scheme, and whether it is for paper."""
        command = self.driver.execute_cdp_cmd
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        command("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        command("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def complaints(self) -> list[str]:
        """Return what the console said since it was asked last, unless it was mere information."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    def fetched(self) -> list[str]:
        """Return the addresses that were requested since this was asked last."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            found["params"]["request"]["url"]
            for found in messages
            if found["method"] == "Network.requestWillBeSent"
        ]

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """Return the visible texts of elements, read at one moment."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())"
        found: list[str] = self.driver.execute_script(script, css)
        return found

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Return the first value of `condition` that is true; AssertionError where none comes."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.05)
        return found

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        # Not `innerWidth`: a phone zooms out until all is in it.
        return int(self.run("const e = document.documentElement; return e.scrollWidth - e.clientWidth"))

    def shoot(self, name: str) -> None:
        """Keep a screenshot of the whole page, where screenshots are asked for."""
        if SHOTS:
            import base64

            shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            folder = Path(SHOTS)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
