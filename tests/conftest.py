"""Fixtures for every test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("default")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared reference data; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared reference data is not here")
    return SHARED


@pytest.fixture(scope="session")
def dl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The real SDK, imported with a home folder of its own; Filters need no login."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("DATALOOP_PATH", str(tmp_path_factory.mktemp("dataloop")))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import dtlpy
        yield dtlpy
