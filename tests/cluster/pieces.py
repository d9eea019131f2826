"""What the tests let workers do."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import DataError, InputError, MissingExtraError


def square(number: int) -> int:
    return number * number


def slowly(number: int) -> int:
    """Later pieces are done sooner."""
    time.sleep(0.05 * (4 - number % 4))
    return number


def noted(folder: Path, number: int) -> int:
    """Leave a file, so that it is seen which pieces were done."""
    (folder / str(number)).touch()
    return number


def process_of(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def deadly(folder: Path, number: int) -> int:
    """Kill the worker the first time that a piece divisible by 5 is done."""
    if number % 5 == 0:
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return number


def always_deadly(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def failing(number: int) -> int:
    """Fail from 5 on; the sixth fails at once, the fifth later."""
    if number == 5:
        time.sleep(0.3)
        raise DataError("is wrong", source="items.ndjson", line=5, path="name", hint="mend it")
    if number > 5:
        raise InputError(f"a later piece failed first: {number}")
    return number


def lacking(number: int) -> int:
    raise MissingExtraError("reading Parquet", "parquet")


def timed_out(number: int) -> int:
    raise TimeoutError("the piece itself says so")


class Added:
    """A function that holds much; `large` is not written to."""

    def __init__(self, large: NDArray[np.int64]) -> None:
        self.large = large

    def __call__(self, number: int) -> tuple[int, NDArray[np.int64]]:
        return os.getpid(), self.large[number : number + 3] + 1
