"""The platform's percentage workload, as its SDK makes it and as the platform is taken to split by it."""

from __future__ import annotations

from collections.abc import Mapping

from taskplan.allocation.apportionment import apportion
from taskplan.allocation.exact import decimals
from taskplan.errors import InputError

LARGEST_EVEN = 100


def even_percentages(people: int) -> list[int]:
    """Return the whole percentages of ``dtlpy.Workload.generate``: the remainder goes to the first ones.

    InputError above 100 people, where the SDK gives some of them 0 %.
    """
    if not 1 <= people <= LARGEST_EVEN:
        raise InputError(f"even percentages go round for 1 to {LARGEST_EVEN} people, got {people}")
    base, extra = divmod(100, people)
    return [base + (index < extra) for index in range(people)]


def exact_percentages(percentages: Mapping[str, float]) -> tuple[list[int], int]:
    """Return the percentages as integers and what 100 % is in them.

    InputError unless they are 0 to 100 each and add up to 100 exactly. The SDK
    takes 99.6, because it rounds the sum; the 0.4 % would be split in a way that
    nobody has said.
    """
    for who, percent in percentages.items():
        if not 0 <= percent <= 100:
            raise InputError(f"expected a percentage from 0 to 100 for {who}, got {percent:g}")
    parts, scale = decimals([*percentages.values()])
    if sum(parts) != 100 * scale:
        raise InputError(f"percentages add up to {sum(parts) / scale:.15g}, expected 100")
    return parts, 100 * scale


def platform_counts(percentages: Mapping[str, float], items: int) -> list[int]:
    """Return how many items each person gets for percentages, in their order.

    No source pins how the platform rounds; the largest remainder with ties to
    the first listed is taken, which is never off by a whole item.
    """
    return apportion(exact_percentages(percentages)[0], items)
