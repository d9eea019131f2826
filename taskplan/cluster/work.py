"""What a worker does with a piece."""

# mypy: allow-untyped-calls, allow-any-generics

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from taskplan.cluster.versions import Versions, check_same, versions_here
from taskplan.errors import BackendError, MissingExtraError


def received(blob: bytes) -> Callable[[Any], Any]:
    """Return a function that was sent as bytes."""
    try:
        function: Callable[[Any], Any] = pickle.loads(blob)
    except (ImportError, AttributeError) as error:
        raise BackendError(f"{_here()} lacks what the work needs: {error}") from error
    return function


def done(expected: Versions, function: bytes | Callable[[Any], Any], piece: bytes) -> Any:
    """Return what a function, itself or as bytes, makes of a piece.

    BackendError where this worker is none of the `expected` versions.
    """
    if versions_here() != expected:
        check_same(expected, versions_here(), _here())
    call = received(function) if isinstance(function, bytes) else function
    try:
        return call(pickle.loads(piece))
    except MissingExtraError as error:
        raise MissingExtraError(f"{error.feature} on {_here()}", error.extra) from error


def _here() -> str:
    from distributed import get_worker

    return f"the worker {get_worker().address}"
