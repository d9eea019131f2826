"""How the platform shares items out: by percentages, as its workloads have them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.quality import in_blocks
from taskplan.errors import InputError

Keys = NDArray[np.int64]


def checked_workload(sent: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return assignee → percent, in lower case; somebody named twice gets both shares.

    InputError unless the loads add up to 100 once rounded, which is what the SDK
    asks for; a workload without people is empty.
    """
    loads: dict[str, float] = {}
    for who, load in sent:
        if not math.isfinite(load) or load < 0:
            raise InputError(f"expected a load of 0 to 100 for {who}, got {load:g}")
        loads[who.lower()] = loads.get(who.lower(), 0.0) + load
    if loads and round(sum(loads.values())) != 100:
        raise InputError(f"the loads add up to {sum(loads.values()):g}, expected 100")
    return loads


def even(people: Sequence[str]) -> dict[str, float]:
    """Return the same load for each of some people."""
    return {who.lower(): 100 / len(people) for who in people}


def shared_out(keys: Keys, loads: Mapping[str, float]) -> dict[str, Keys]:
    """Return assignee → keys, in blocks as listed, by the largest remainder.

    No source pins how the platform rounds; this is how `taskplan.allocation` takes
    it to (`platform_counts`), but loads that add up to 99.6 share everything out, too.
    """
    return dict(zip(loads, in_blocks(keys, [*loads.values()]), strict=True))
