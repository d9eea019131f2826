"""Several people an item, taken apart into rounds of one person an item each.

An item's people get different rounds, and everyone's items are spread over the
rounds as evenly as whole items allow. Such rounds always exist: they are the colours
of an edge colouring of items and people, everyone split into as many parts as they
have rounds full of items (D. Kőnig, 1916; D. de Werra, *Equitable colorations of
graphs*, 1971).
"""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def in_rounds(chosen: Counts) -> Counts:
    """Return int64[items, rounds]: the people of each item in `chosen` (alike in shape), by round."""
    items, rounds = chosen.shape
    if rounds == 1:
        return chosen.copy()
    # A part of a person is at most one item a round; parts are numbered across people.
    part_of: dict[tuple[int, int], int] = {}
    seen: dict[int, int] = {}
    numbers = count()
    of_item: list[dict[int, int]] = [{} for _ in range(items)]
    of_part: list[dict[int, int]] = []
    owner: list[int] = []
    for item, people in enumerate(chosen.tolist()):
        for person in people:
            key = (person, seen.get(person, 0) // rounds)
            seen[person] = seen.get(person, 0) + 1
            if key not in part_of:
                part_of[key] = next(numbers)
                of_part.append({})
                owner.append(person)
            _color(item, part_of[key], of_item, of_part, rounds)
    result = np.empty_like(chosen)
    for item, by_round in enumerate(of_item):
        for turn, part in by_round.items():
            result[item, turn] = owner[part]
    return result


def _color(
    item: int, part: int, of_item: list[dict[int, int]], of_part: list[dict[int, int]], rounds: int
) -> None:
    """Give the pair a round that both have free, after turning over the rounds along a chain if need be."""
    free_item = next(turn for turn in range(rounds) if turn not in of_item[item])
    free_part = next(turn for turn in range(rounds) if turn not in of_part[part])
    both = next((t for t in range(rounds) if t not in of_item[item] and t not in of_part[part]), None)
    if both is None:
        # Along the chain of pairs in these two rounds, starting at the part, each takes the other round.
        chain: list[tuple[int, int]] = []
        at_part, here, turn = True, part, free_item
        while (there := (of_part if at_part else of_item)[here].get(turn)) is not None:
            chain.append((there, here) if at_part else (here, there))
            here, at_part = there, not at_part
            turn = free_part if turn == free_item else free_item
        for place, (an_item, a_part) in enumerate(chain):
            old = free_item if place % 2 == 0 else free_part
            if of_item[an_item].get(old) == a_part:
                del of_item[an_item][old]
            if of_part[a_part].get(old) == an_item:
                del of_part[a_part][old]
        for place, (an_item, a_part) in enumerate(chain):
            new = free_part if place % 2 == 0 else free_item
            of_item[an_item][new] = a_part
            of_part[a_part][new] = an_item
        both = free_item
    of_item[item][both] = part
    of_part[part][both] = item
