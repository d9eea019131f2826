"""What the platform does with quality tasks: who gets which items, and whose copies.

Positions are 0..n-1 in the order of the selection. The platform makes hidden
copies of the items that several people get. Which items a percentage picks, and
who shares an item with whom, is pinned by no source; rehearsal and plan both take
it from here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.apportionment import apportion
from taskplan.allocation.exact import decimals
from taskplan.errors import InputError

Positions = NDArray[np.int64]
KINDS = ("consensus", "qualification", "honeypot")
HONEYPOT = "/honeypot"
"""The folder of a dataset in which the platform looks for ground truth, with what lies below it."""


@dataclass(frozen=True, slots=True)
class Consensus:
    """Items `common` (ascending) go to several people as copies, the others to one.

    `single` holds each person's own items and `shared` their copies, as ascending
    positions: int64 arrays, one a person.
    """

    common: Positions
    single: tuple[Positions, ...]
    shared: tuple[Positions, ...]

    @property
    def rows(self) -> tuple[Positions, ...]:
        """Each person's ascending positions in all."""
        return tuple(np.sort(np.concatenate(parts)) for parts in zip(self.single, self.shared, strict=True))

    @property
    def copied(self) -> int:
        """How many copies the platform makes."""
        return sum(map(len, self.shared))


@dataclass(frozen=True, slots=True)
class Honeypot:
    """Each person's raw items (`rows`, by position among these) and ground truth (`truth`, in the pool).

    A plan lists what somebody gets in that order: the raw items first.
    """

    rows: tuple[Positions, ...]
    truth: tuple[Positions, ...]

    @property
    def copied(self) -> int:
        """How many copies the platform makes."""
        return sum(map(len, self.truth))


def consensus(n_items: int, loads: Sequence[float], percent: float, each: int) -> Consensus:
    """Return who gets what where `percent` of the items go to `each` people as copies.

    The items in common are spread evenly over the selection; the others are split by
    `loads`, a percentage a person, in blocks. InputError for a percentage or a number
    of people that cannot be.
    """
    percent, each = checked_percent("consensus", percent), checked_each(each, len(loads))
    count = round(n_items * percent / 100)
    common = np.unique(np.linspace(0, n_items - 1, count).round().astype(np.int64))
    rest = np.delete(np.arange(n_items, dtype=np.int64), common)
    dealt = _dealt(len(common), len(loads), each)
    shared = tuple(common[(dealt == person).any(axis=1)] for person in range(len(loads)))
    return Consensus(common, in_blocks(rest, loads), shared)


def qualification(n_items: int, people: int) -> Consensus:
    """Return who gets what where everybody gets a copy of every item."""
    every = np.arange(n_items, dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    return Consensus(every, (nothing,) * people, (every,) * people)


def honeypot(n_raw: int, n_pool: int, loads: Sequence[float], percent: float) -> Honeypot:
    """Return who gets what where `percent` of everybody's items are copies of ground truth.

    Raw items are split by `loads`, a percentage a person, in blocks; ground truth is
    taken from the start of the pool. InputError where the pool is too small.
    """
    percent = checked_percent("honeypot", percent)
    rows = in_blocks(np.arange(n_raw, dtype=np.int64), loads)
    wanted = [truth_for(len(part), percent) for part in rows]
    most = max(wanted, default=0)
    if most > n_pool:
        raise InputError(
            f"{percent:g} % of ground truth asks for {most:,} items of {HONEYPOT}, there are {n_pool:,}"
        )
    return Honeypot(rows, tuple(np.arange(count, dtype=np.int64) for count in wanted))


def truth_for(raw: int, percent: float) -> int:
    """Return how many items of ground truth are mixed among so many raw ones."""
    return round(raw * percent / (100 - percent))


def raw_among(items: int, percent: float) -> int:
    """Return how many of somebody's items are raw, the others ground truth: undoes `truth_for`."""
    raw = round(items * (100 - percent) / 100)
    near = (raw, raw - 1, raw + 1)
    return next((count for count in near if count >= 0 and count + truth_for(count, percent) == items), raw)


def in_blocks(rows: Positions, loads: Sequence[float]) -> tuple[Positions, ...]:
    """Split an array in blocks, as listed, by `loads` in percent and the largest remainder.

    How the platform rounds is pinned by no source; loads that add up to 99.6, which
    its SDK lets pass, share everything out, too.
    """
    if not loads:
        return ()
    counts = apportion(decimals(list(loads))[0], len(rows))
    return tuple(np.split(rows, np.cumsum(counts)[:-1]))


def checked_percent(kind: str, percent: Any) -> float:
    """Return the percentage of a quality task; InputError for what cannot be one."""
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent <= 100:
        raise InputError(f"expected a percentage above 0 and up to 100, got {percent!r}")
    if kind == "honeypot" and percent == 100:
        raise InputError("a honeypot task cannot be made of ground truth alone")
    return float(percent)


def checked_each(each: Any, people: int) -> int:
    """Return how many people get an item in common; InputError for what cannot be."""
    if isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= people:
        raise InputError(f"expected 1 to {people} assignees an item, got {each!r}")
    return each


def _dealt(items: int, people: int, each: int) -> Positions:
    """Return the people of each item in common, cyclically: int64[items, each], distinct in a row.

    In a round of as many items as people everybody gets `each` copies, together with
    those so many places (the stride) further on; the stride changes from round to
    round, so that pairs differ. Within a round the next item goes on where the last one
    ended, as far as a stride allows, so that copies differ by two at most whenever it stops.
    """
    strides = [s for s in range(1, people) if people // gcd(s, people) >= each] or [1]
    item = np.arange(items, dtype=np.int64)
    stride = np.array(strides, dtype=np.int64)[item // people % len(strides)]
    # A stride visits 1/apart of the people, in `apart` circles that take turns.
    apart = np.gcd(stride, people)
    circle, turn = item % people % apart, item % people // apart
    size = people // apart
    lap = size // np.gcd(size, each)
    start = turn * each + turn // lap
    place = start[:, None] + np.arange(each, dtype=np.int64)
    dealt: Positions = (circle[:, None] + place * stride[:, None]) % people
    return dealt
