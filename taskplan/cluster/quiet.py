"""What dask says of itself is kept off the terminal: what matters is told as errors of taskplan."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TALKING = ("distributed", "tornado", "asyncio")
NOTHING = logging.CRITICAL + 1


@contextmanager
def quiet() -> Iterator[None]:
    """Let dask and what it stands on log nothing for a while."""
    before = _silence()
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


def _silence() -> list[tuple[logging.Logger, int]]:
    """Raise the levels of all loggers that would talk; return those they had."""
    loggers = [logging.getLogger(name) for name in TALKING]
    known = logging.Logger.manager.loggerDict
    loggers += [
        logger
        for name, logger in list(known.items())
        if isinstance(logger, logging.Logger)
        and name.startswith(tuple(f"{talking}." for talking in TALKING))
        and logger.level != logging.NOTSET
    ]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(NOTHING)
    return before


def dask_setup(worker: Any) -> None:
    """Prepare the process of a local worker; dask calls it by this name (``preload``)."""
    _silence()
    if not os.environ.get("TASKPLAN_DEBUG"):
        # What a worker has to say comes back as a result or an error; the rest is of its own end.
        with open(os.devnull, "wb") as nowhere:
            for stream in (1, 2):
                os.dup2(nowhere.fileno(), stream)
