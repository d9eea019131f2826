"""What all tests of snapshots have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _no_power_failures() -> Iterator[None]:
    """Files need not wait for the disk: it would take most of the time."""
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(os, "fsync", lambda handle: None)
        yield
