"""A real Chromium, where there is one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests.browser.support import Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; skipped where Chromium or its driver is not installed."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    with tempfile.TemporaryDirectory(prefix="taskplan-chromium-", ignore_cleanup_errors=True) as profile:
        opened = Browser(program, driver, profile)
        yield opened
        opened.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser, on an empty page; whatever the page complained about fails the test."""
    chromium.begin()
    yield chromium
    assert chromium.complaints() == []
