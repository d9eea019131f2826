"""Public holidays of a country or a part of it, from the library `holidays` (the extra "simulation")."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from taskplan.errors import MissingExtraError, NotFoundError, did_you_mean, nearest


@lru_cache(maxsize=256)
def public_holidays(region: str, first: int, last: int) -> tuple[int, ...]:
    """Return the public holidays of the years `first` to `last`, as `date.toordinal` counts days, rising.

    Of a `region` that `check_region` accepts; years that the library does not know have none, such as
    those of India after 2035. MissingExtraError without the library.
    """
    country, _, part = region.partition("-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _library().country_holidays(country, subdiv=part or None, years=range(first, last + 1))
    return tuple(sorted(day.toordinal() for day in found))


def check_region(region: str) -> None:
    """Raise NotFoundError where there is no such country (``DE``) or part of a country (``DE-BE``)."""
    countries = _countries()
    country, dash, part = region.partition("-")
    if country not in countries:
        raise NotFoundError(
            f'there is no country "{country}"',
            hint=did_you_mean(country, countries) or "expected a code such as DE, or DE-BE for a part",
        )
    parts = countries[country]
    if dash and part not in parts:
        found = nearest(part, parts)
        every = f"expected one of {', '.join(f'{country}-{name}' for name in parts)}"
        hint = f'did you mean "{country}-{found}"?' if found else every if parts else f'write "{country}"'
        raise NotFoundError(f'{country} has no part "{part}"', hint=hint)


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    found: dict[str, list[str]] = _library().list_supported_countries(include_aliases=True)
    return found


def _library() -> Any:
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError("a calendar with public holidays", "simulation") from error
    return holidays
