"""Properties that an allocation must have, by name, and as checks that fail with a sentence.

They look at the problem and its answer only and share no code with the
strategies, so that a mistake there cannot hide here. Each raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from taskplan.errors import NotFoundError, did_you_mean
from taskplan.testing.properties.base import MalformedAnswerError, NothingSaidError, Property, exact_shares
from taskplan.testing.properties.change import capacity_monotonicity, house_monotonicity, stability
from taskplan.testing.properties.coverage import (
    check_coverage,
    check_determinism,
    coverage,
    determinism,
    distinct_overlap,
)
from taskplan.testing.properties.people import caps, check_renaming, eligibility, qa_separation, renaming
from taskplan.testing.properties.shares import balance, certificate, check_balance, check_quota, quota

__all__ = [
    "PROPERTIES",
    "MalformedAnswerError",
    "NothingSaidError",
    "Property",
    "check_balance",
    "check_coverage",
    "check_determinism",
    "check_quota",
    "check_renaming",
    "exact_shares",
    "properties_named",
]

PROPERTIES: Mapping[str, Property] = MappingProxyType(
    {
        found.name: found
        for found in (
            coverage,
            distinct_overlap,
            balance,
            quota,
            caps,
            eligibility,
            qa_separation,
            determinism,
            renaming,
            house_monotonicity,
            capacity_monotonicity,
            stability,
            certificate,
        )
    }
)
"""Every property by its name, in the order in which they are reported."""


def properties_named(names: Iterable[str] | None) -> tuple[Property, ...]:
    """Return the properties of these names, all for None; NotFoundError names the nearest."""
    if names is None:
        return tuple(PROPERTIES.values())
    found = []
    for name in names:
        if name not in PROPERTIES:
            raise NotFoundError(
                f'there is no property "{name}", only {", ".join(PROPERTIES)}',
                hint=did_you_mean(name, PROPERTIES),
            )
        found.append(PROPERTIES[name])
    return tuple(found)
