"""A live platform for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataloop.support import Live, live


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as opened:
        yield opened
