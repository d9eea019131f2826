"""The platform's percentage workload, as its SDK makes it and as the platform is taken to split by it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from taskplan.allocation.apportionment import apportion
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


def check_percentages(percentages: Mapping[str, float]) -> None:
    """Raise InputError unless the percentages are 0 to 100 each and add up to 100 exactly.

    The SDK takes 99.6, because it rounds the sum; the 0.4 % would be split in a
    way that nobody has said.
    """
    for who, percent in percentages.items():
        if not 0 <= percent <= 100:
            raise InputError(f"expected a percentage from 0 to 100 for {who}, got {percent:g}")
    # Decimal fractions as people write them: 33.3 + 33.3 + 33.4 is 100.
    total = sum((Fraction(str(percent)) for percent in percentages.values()), Fraction(0))
    if total != 100:
        raise InputError(f"percentages add up to {float(total):.15g}, expected 100")


def platform_counts(percentages: Mapping[str, float], items: int) -> list[int]:
    """Return how many items each person gets for percentages, in their order.

    No source pins how the platform rounds; the largest remainder with ties to
    the first listed is taken, which is never off by a whole item.
    """
    check_percentages(percentages)
    return apportion([Fraction(str(percent)) for percent in percentages.values()], items)
