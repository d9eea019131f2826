"""Which way to split that comes with taskplan keeps which property: the table of docs/fairness.md.

The tests prove both sides of it: what is kept is searched for a counterexample, and
for what is not kept one is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from taskplan.allocation.problem import Allocation, Problem, Strategy
from taskplan.allocation.registry import load_strategy
from taskplan.errors import InputError
from taskplan.testing.properties import PROPERTIES

WORDS = {True: "yes", False: "no", None: "–"}


@dataclass(frozen=True, slots=True)
class Method:
    """A way to split: a strategy with options, asked with the shares that it is about.

    `keeps` maps properties to whether they hold; what is not in it, the strategy does
    not take.
    """

    name: str
    strategy: str
    options: Mapping[str, Any] = field(default_factory=dict)
    without: Literal["weight", "percent"] | None = None
    keeps: Mapping[str, bool] = field(default_factory=dict)

    def make(self) -> Strategy:
        """Return the strategy; it refuses, with InputError, the shares that the method is not about."""
        made = load_strategy(self.strategy, self.options)
        return made if self.without is None else _Without(made, self.without)


class _Without:
    """A strategy that refuses one kind of share."""

    def __init__(self, strategy: Strategy, share: str) -> None:
        self.strategy, self.share = strategy, share
        self.name = strategy.name

    def allocate(self, problem: Problem) -> Allocation:
        if any(getattr(person, self.share) is not None for person in problem.assignees):
            raise InputError(f"this is not about a {self.share}")
        return self.strategy.allocate(problem)


def _kept(names: str, broken: str = "") -> dict[str, bool]:
    return {**dict.fromkeys(names.split(), True), **dict.fromkeys(broken.split(), False)}


_ALWAYS = "coverage balance determinism renaming certificate "
_COUNTED = _ALWAYS + "caps "
_DIVISOR = _kept(_COUNTED + "house-monotonicity capacity-monotonicity", "quota")


def _weighted(method: str, keeps: Mapping[str, bool]) -> Method:
    return Method(method, "weighted", {"method": method}, "percent", keeps)


METHODS = (
    Method("equal", "equal", keeps=_kept(_ALWAYS + "quota house-monotonicity")),
    _weighted("largest-remainder", _kept(_COUNTED + "quota capacity-monotonicity", "house-monotonicity")),
    _weighted("webster", _DIVISOR),
    _weighted("jefferson", _DIVISOR),
    _weighted("huntington-hill", _DIVISOR),
    _weighted("adams", _DIVISOR),
    _weighted("quota", _kept(_COUNTED + "quota house-monotonicity capacity-monotonicity")),
    Method("percentages", "weighted", {}, "weight", _kept(_COUNTED + "quota", "house-monotonicity")),
    Method(
        "balanced", "balanced", keeps=_kept(_ALWAYS + "capacity-monotonicity", "quota house-monotonicity")
    ),
    Method(
        "eligible",
        "eligible",
        keeps=_kept(
            _COUNTED + "distinct-overlap eligibility qa-separation house-monotonicity capacity-monotonicity",
            "quota",
        ),
    ),
    Method(
        "balanced-eligible",
        "balanced-eligible",
        keeps=_kept(_COUNTED + "eligibility qa-separation capacity-monotonicity", "quota house-monotonicity"),
    ),
    Method("matched", "matched", keeps=_kept(_ALWAYS + "quota eligibility qa-separation house-monotonicity")),
    Method(
        "sticky",
        "sticky",
        keeps=_kept(_COUNTED + "stability capacity-monotonicity", "quota house-monotonicity"),
    ),
)
"""Every built-in way to split; those named after a method of `weighted` are about weights."""


def table(methods: Iterable[Method] = METHODS) -> str:
    """Return the table in Markdown: a row a property, a column a method."""
    listed = tuple(methods)
    lines = [
        "| property | " + " | ".join(f"`{method.name}`" for method in listed) + " |",
        "| --- |" + " :-: |" * len(listed),
    ]
    for name in PROPERTIES:
        cells = " | ".join(WORDS[method.keeps.get(name)] for method in listed)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)
