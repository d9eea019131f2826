"""What has to be the same everywhere, for the same bytes to come out of the work."""

# mypy: allow-untyped-calls, allow-any-generics

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from taskplan.errors import BackendError

if TYPE_CHECKING:
    from distributed import Client

Versions = tuple[str, str, str]
"""Of taskplan, Python and numpy: releases of the latter two that only mend something are not told apart."""
PACKAGES = ("taskplan", "numpy")


@cache
def versions_here() -> Versions:
    """Return the versions in this process."""
    return _versions([*(version(name) for name in PACKAGES), platform.python_version()])


def _versions(found: list[str]) -> Versions:
    taskplan, numpy, python = found
    return taskplan, _release(python), _release(numpy)


def _release(text: str) -> str:
    return ".".join(text.split(".")[:2])


def said(versions: Versions) -> str:
    """Return versions in words."""
    return "taskplan {}, Python {}, numpy {}".format(*versions)


def check_same(expected: Versions, found: Versions, who: str) -> None:
    """Raise BackendError where `who` has other versions than whoever asks for the work."""
    if found != expected:
        raise BackendError(f"{who} has {said(found)}; expected {said(expected)}, as here")


def check_cluster(client: Client, address: str) -> None:
    """Raise BackendError unless the scheduler and all workers have the versions that this process has."""
    expected = versions_here()
    # Asked by functions of Python itself, for nobody knows yet whether there is a taskplan.
    answers: dict[str, list[Any]] = {}
    for function, *words in [*((version, name) for name in PACKAGES), (platform.python_version,)]:
        try:
            told: Any = client.run_on_scheduler(function, *words)
        except PackageNotFoundError as error:
            told = error
        answers.setdefault(f"the scheduler {address}", []).append(told)
        for worker, told in client.run(function, *words, on_error="return").items():
            answers.setdefault(f"the worker {worker}", []).append(told)
    for who, found in answers.items():
        for told in found:
            if isinstance(told, PackageNotFoundError):
                raise BackendError(f"{who} has no {told.name}; expected {said(expected)}, as here")
            if isinstance(told, BaseException):
                raise BackendError(f"{who} does not answer: {told}")
        # A worker that has just come has not answered all, and is asked with its first piece.
        if len(found) == 1 + len(PACKAGES):
            check_same(expected, _versions(found), who)
