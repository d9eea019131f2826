"""From fractional shares to whole items."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.gap.instance import Counts, Instance
from taskplan.allocation.gap.relaxation import Relaxation, priced

WHOLE = 1e-6
"""So near below a whole number a share counts as that number."""


def construct(instance: Instance, relaxation: Relaxation) -> Counts:
    """Return given[people, groups]: the whole part of each share, then item by item what is left.

    Large items first, each to one of those with a share of it, so that everyone's use stays near
    that of their shares; where none of them has room, to whom with room it costs the least, the
    price of the room included; where nobody has, to whom it puts least above capacity.
    """
    given = np.floor(relaxation.shares + WHOLE).astype(np.int64)
    given[~instance.allowed] = 0
    # Two shares of a half may both have been taken for whole ones.
    given[:, given.sum(axis=0) > instance.counts] = 0
    left = instance.counts - given.sum(axis=0)
    part = np.where(instance.allowed, (relaxation.shares - given) / np.maximum(left, 1), 0)
    part[part < WHOLE] = 0
    groups = np.repeat(np.arange(len(left)), left)
    if not len(groups):
        return given
    costs = priced(instance, relaxation.prices)
    free = instance.free(given)
    owed = np.zeros(len(free))
    sizes = np.where(instance.allowed, instance.use, np.inf).min(axis=0)
    for group in groups[np.argsort(-sizes[groups], kind="stable")].tolist():
        use, allowed = instance.use[:, group], instance.allowed[:, group]
        share = part[:, group]
        owed += share * use
        fits = allowed & (use <= free)
        fair = np.where(fits & (share > 0), use * (owed - use / 2), -np.inf)
        if fair.max() > -np.inf:
            person = int(fair.argmax())
        elif fits.any():
            person = int(np.where(fits, costs[:, group], np.inf).argmin())
        else:
            person = int(np.where(allowed, use - free, np.inf).argmin())
        given[person, group] += 1
        free[person] -= use[person]
        owed[person] -= use[person]
    return given
