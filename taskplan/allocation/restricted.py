"""Balancing effort where not everybody may have everything: a start by flow, then exchanges.

Sources: the start divides effort as if it were a liquid (J. K. Lenstra, D. B. Shmoys,
É. Tardos, *Approximation algorithms for scheduling unrelated parallel machines*,
1990, round such a flow) and fills it with the largest items first (R. L. Graham, 1969);
the exchanges are the jump and swap neighbourhoods (P. Schuurman and T. Vredeveld,
*Performance guarantees of local search for multiprocessor scheduling*, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
PARTNERS = 12
"""So many of the least loaded people are asked to exchange with the most loaded."""
ROUNDS = 40
"""Up to so many exchanges a person."""


@dataclass(slots=True)
class Balance:
    """Items with `sizes` int64[n] of `classes` int64[n] under way between people.

    `eligible` bool[people, classes]; `shares` float64[people] > 0; `lower` and `upper`
    int64[people] bound everyone's number of items; `owner` int64[n].
    """

    sizes: Counts
    classes: Counts
    eligible: NDArray[np.bool_]
    shares: NDArray[np.float64]
    lower: Counts
    upper: Counts
    owner: Counts

    def loads(self) -> NDArray[np.float64]:
        """Return everyone's effort, float64[people] of whole numbers."""
        return np.bincount(self.owner, self.sizes, len(self.shares)).astype(np.float64)

    def improve(self, enough: float) -> None:
        """Exchange until the largest load / share is `enough`, or no move or swap with a partner helps."""
        loads = self.loads()
        counts = np.bincount(self.owner, minlength=len(self.shares))
        for _ in range(ROUNDS * len(self.shares)):
            height = loads / self.shares
            worst = int(np.argmax(height))
            if height[worst] <= enough:
                return
            mine = np.flatnonzero(self.owner == worst)
            able: NDArray[np.bool_] = np.any(self.eligible[:, self.classes[mine]], axis=1)
            able[worst] = False
            partners = np.flatnonzero(able)
            partners = partners[np.argsort(height[partners], kind="stable")]
            for partner in partners[:PARTNERS].tolist():
                change = self._exchange(worst, partner, mine, loads, counts)
                if change is not None:
                    break
            else:
                return
            given, taken = change
            moved = int(self.sizes[given])
            self.owner[given] = partner
            if taken is None:
                counts[worst] -= 1
                counts[partner] += 1
            else:
                self.owner[taken] = worst
                moved -= int(self.sizes[taken])
            loads[worst] -= moved
            loads[partner] += moved

    def _exchange(
        self, worst: int, partner: int, mine: Counts, loads: NDArray[np.float64], counts: Counts
    ) -> tuple[int, int | None] | None:
        """Return an item to give and one to take back (None: nothing), so that the higher load falls most."""
        give = mine[self.eligible[partner, self.classes[mine]]]
        if not len(give):
            return None
        theirs = np.flatnonzero(self.owner == partner)
        back = theirs[self.eligible[worst, self.classes[theirs]]]
        back = back[np.argsort(self.sizes[back], kind="stable")]
        amounts = self.sizes[back]
        may_move = counts[worst] > self.lower[worst] and counts[partner] < self.upper[partner]
        if may_move:
            amounts = np.append(0, amounts)
        if not len(amounts):
            return None
        share, their_share = self.shares[worst], self.shares[partner]
        ideal = loads[worst] - (loads[worst] + loads[partner]) / (share + their_share) * share
        sizes = self.sizes[give]
        place = np.searchsorted(amounts, sizes - ideal)
        best, choice = float(loads[worst] / share), None
        for near in (np.maximum(place - 1, 0), np.minimum(place, len(amounts) - 1)):
            moved = sizes - amounts[near]
            after = np.maximum((loads[worst] - moved) / share, (loads[partner] + moved) / their_share)
            index = int(np.argmin(after))
            if after[index] < best * (1 - 1e-12):
                best, choice = float(after[index]), (int(give[index]), int(near[index]))
        if choice is None:
            return None
        item, other = choice
        other -= int(may_move)
        return item, int(back[other]) if other >= 0 else None
