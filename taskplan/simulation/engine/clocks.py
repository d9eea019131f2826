"""The working time of all people at once, for the lockstep engine: who stands where in which interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.jobs import TOLERANCE, Counts, Floats
from taskplan.simulation.workforce import WorkingTime

Places = NDArray[np.int64]


class Clocks:
    """Everybody's intervals in a row, each person's followed by one that never comes.

    A place is an index into them; `first` [people] is where a person begins.
    """

    def __init__(self, times: Sequence[WorkingTime]) -> None:
        opens, closes, first = [], [], [0]
        for time in times:
            kept = time.opens < time.leaves
            opens.append(np.append(time.opens[kept], np.inf))
            closes.append(np.append(np.minimum(time.closes[kept], time.leaves), np.inf))
            first.append(first[-1] + len(opens[-1]))
        self.opens: Floats = np.concatenate(opens) if opens else np.empty(0)
        self.closes: Floats = np.concatenate(closes) if closes else np.empty(0)
        with np.errstate(invalid="ignore"):
            self.lengths: Floats = np.where(np.isinf(self.closes), np.inf, self.closes - self.opens)
        self.first: Counts = np.array(first[:-1], dtype=np.int64)

    def next_working(self, place: Places, now: Floats) -> tuple[Places, Floats]:
        """Return place and moment from when on work goes on, not before `now`; inf where it never does."""
        place = place.copy()
        behind = np.flatnonzero(self.closes[place] < now)
        while behind.size:
            place[behind] += 1
            behind = behind[self.closes[place[behind]] < now[behind]]
        return place, np.maximum(self.opens[place], now)

    def after_work(self, place: Places, now: Floats, minutes: Floats) -> tuple[Places, Floats]:
        """Return place and moment at which so many working minutes from `now` have passed."""
        over = minutes - (self.closes[place] - now)
        end = np.minimum(now + minutes, self.closes[place])
        beyond = np.flatnonzero(over > TOLERANCE)
        if not beyond.size:
            return place, end
        place, left = place.copy(), over[beyond]
        while beyond.size:
            place[beyond] += 1
            here = place[beyond]
            end[beyond] = np.minimum(self.opens[here] + left, self.closes[here])
            left = left - self.lengths[here]
            still = left > TOLERANCE
            beyond, left = beyond[still], left[still]
        return place, end


def moments(time: WorkingTime, worked: Floats) -> Floats:
    """Return when one person has worked so many minutes, of any shape; inf where they never will have."""
    kept = time.opens < time.leaves
    opens = time.opens[kept]
    if not len(opens):
        return np.full(worked.shape, np.inf)
    closes = np.minimum(time.closes[kept], time.leaves)
    if len(opens) == 1 and np.isinf(closes[0]):
        endless: Floats = worked + opens[0]
        return endless
    until = np.cumsum(closes - opens)
    before = np.append(0.0, until[:-1])
    place = np.searchsorted(until, worked - TOLERANCE)
    inside = np.minimum(place, len(opens) - 1)
    end = np.minimum(opens[inside] + (worked - before[inside]), closes[inside])
    found: Floats = np.where(place < len(opens), end, np.inf)
    return found


def first_moment(time: WorkingTime) -> float:
    """Return when a person first works; inf for never."""
    clocks = Clocks([time])
    return float(clocks.next_working(clocks.first, np.zeros(1))[1][0])
