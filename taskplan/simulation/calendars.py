"""Arithmetic on working time: how much of it has passed, and when so much of it will have."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskplan.simulation.workforce import WorkingTime

Floats = NDArray[np.float64]
GRID = 2.0**24
"""Opening and closing times are taken to the nearest 1/`GRID` of a minute (4 microseconds).

The differences of such numbers are numbers themselves up to 2**29 minutes, a thousand years:
nothing here is rounded before the minutes of work are added to the clock.
"""


class Calendar:
    """One person's working time, asked in arrays of any shape; minutes of the clock since the start, ≥ 0.

    `opens` and `closes` (float64[intervals]) are those of the `WorkingTime`, with nothing before the
    start or after `leaves`. How many minutes of work get done in them (`share`) is not looked at.
    """

    def __init__(self, time: WorkingTime) -> None:
        opens = np.maximum(snapped(time.opens), 0.0)
        closes = np.minimum(snapped(time.closes), snapped(time.leaves))
        kept = opens < closes
        self.opens: Floats = opens[kept]
        self.closes: Floats = closes[kept]
        # Working minutes until each closing time, after none at all.
        self._done = np.concatenate(([0.0], np.cumsum(self.closes - self.opens)))
        # Minutes of the clock that were no work, until each opening time; of what never comes, all.
        self._idle = np.concatenate(([0.0], self.opens - self._done[:-1], [np.inf]))
        self._opens_or_never = np.append(self.opens, np.inf)

    @property
    def total(self) -> float:
        """How many working minutes there are in all, inf where they never end."""
        return float(self._done[-1])

    def worked(self, wall: ArrayLike) -> Floats:
        """Return how many working minutes lie before a moment of the clock; rises with it."""
        wall = np.asarray(wall, dtype=np.float64)
        begun = np.searchsorted(self.opens, wall, side="right")
        passed: Floats = np.minimum(wall - self._idle[begun], self._done[begun])
        return passed

    def moment(self, worked: ArrayLike) -> Floats:
        """Return the earliest moment by which so many working minutes have passed; inf for never.

        Of no minutes that is the start, and of those until a closing time that closing time, not the next
        opening: ``moment(worked(x))`` is never later than `x`, and is `x` after an opening time until the
        closing time.
        """
        worked = np.asarray(worked, dtype=np.float64)
        return worked + self._idle[np.searchsorted(self._done, worked, side="left")]

    def next_working(self, wall: ArrayLike) -> Floats:
        """Return the first moment, not before `wall`, at which work goes on; inf for never.

        That is `wall` itself from an opening time on until before the closing time.
        """
        wall = np.asarray(wall, dtype=np.float64)
        place = np.searchsorted(self.closes, wall, side="right")
        found: Floats = np.maximum(wall, self._opens_or_never[place])
        return found


def snapped(minutes: ArrayLike) -> Floats:
    """Return minutes to the nearest of which `GRID` make one."""
    return np.round(np.asarray(minutes, dtype=np.float64) * GRID) / GRID
