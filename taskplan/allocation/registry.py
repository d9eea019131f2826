"""Strategies by name, found through the entry-point group ``taskplan.strategies``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from taskplan.allocation.problem import Strategy
from taskplan.errors import InputError, NotFoundError, did_you_mean

GROUP = "taskplan.strategies"


@dataclass(frozen=True, slots=True)
class StrategyInfo:
    """A strategy as listed: its name, one line on it, and the options that it takes."""

    name: str
    summary: str
    options: tuple[str, ...]


def _found() -> dict[str, EntryPoint]:
    return _found_on(tuple(sys.path))


@cache
def _found_on(path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Look through what is installed, once for a search path: a plan asks for a strategy for every task."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_strategy(name: str, options: Mapping[str, Any] | None = None) -> Strategy:
    """Make the strategy `name` with its options.

    NotFoundError with the nearest name; InputError for an option that it does not take.
    """
    found = _found()
    if name not in found:
        raise NotFoundError(
            f'there is no strategy "{name}", only {", ".join(sorted(found))}', hint=did_you_mean(name, found)
        )
    factory = _factory(found[name])
    taken = _options(factory)
    for option in options or {}:
        if option not in taken:
            listed = ", ".join(taken) or "none"
            raise InputError(
                f'strategy "{name}" takes no option "{option}" (it takes: {listed})',
                hint=did_you_mean(option, taken),
            )
    try:
        strategy: Strategy = factory(**(options or {}))
    except (TypeError, ValueError) as error:
        raise InputError(f'strategy "{name}" does not take these options: {error}') from error
    return strategy


def list_strategies() -> tuple[StrategyInfo, ...]:
    """Return the installed strategies, sorted by name."""
    result = []
    for name, entry in sorted(_found().items()):
        factory = _factory(entry)
        summary = (inspect.getdoc(factory) or "").partition("\n")[0]
        result.append(StrategyInfo(name, summary, _options(factory)))
    return tuple(result)


def _factory(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise InputError(f'strategy "{entry.name}" ({entry.value}) cannot be loaded: {error}') from error


def _options(factory: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(factory).parameters)
