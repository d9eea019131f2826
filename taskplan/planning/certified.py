"""Shares and certificates of a plan, computed again from its own numbers in exact fractions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from taskplan.planning.document import Fairness, Operation

CLOSE = 1e-9
"""Certificates hold floats; they may be off by this much of their size."""
_BY_COUNT = ("equal", "weighted", "consensus", "qualification", "honeypot", "pulling")
"""Strategies whose certificate is about numbers of items beside the exact shares."""
_IN_QUOTA = (None, "largest-remainder", "hamilton", "hare", "hare-niemeyer", "quota", "balinski-young")
People = Mapping[str, Mapping[str, Any]]


def certificate_faults(operation: Operation, people: People, *, alone: bool) -> str | None:
    """Say what is wrong with the certificate of an operation; None where nothing is.

    `people` is what the spec says of them, by e-mail. `alone` is False for one copy
    of an overlap, whose certificate is about all copies together.
    """
    said = operation.allocation.fairness
    shares = operation.allocation.shares
    counts = [share.items for share in shares]
    fault = _figures(said)
    if fault is not None or not alone or operation.action == "move_items":
        return fault
    if operation.allocation.strategy == "sticky":
        return None
    efforts = [share.effort for share in shares if share.effort is not None]
    if "effort" in said.objective:
        return _gap(said, efforts, "effort")
    fault = _gap(said, counts, "items")
    grouped = operation.allocation.ordering == "grouped"
    if fault is not None or grouped or operation.allocation.strategy not in _BY_COUNT:
        return fault
    if operation.mode is not None and operation.mode.kind == "pulling":
        exact: list[Fraction] | None = [Fraction(sum(counts))]
    else:
        exact = exact_shares(operation, people)
    return None if exact is None else _measures(said, counts, exact)


def _figures(said: Fairness) -> str | None:
    slack = CLOSE * max(1.0, abs(said.value))
    if not (math.isfinite(said.value) and math.isfinite(said.bound)):
        return f"its certificate has the value {said.value:g} and the bound {said.bound:g}"
    if said.value < said.bound - slack:
        return f"its certificate has the value {said.value:g}, below the bound {said.bound:g}"
    if said.optimal != (said.value <= said.bound + slack):
        claim = "optimal" if said.optimal else "not optimal"
        return f"its certificate says {claim}, with the value {said.value:g} and the bound {said.bound:g}"
    expected = said.value / said.bound if said.bound else (1.0 if said.value == 0 else math.inf)
    if not _same(said.ratio, expected):
        return f"its certificate says a ratio of {said.ratio:g}, but it is {expected:g}"
    return None


def _gap(said: Fairness, figures: Sequence[float], noun: str) -> str | None:
    stated = said.measures.get("max_gap")
    if not figures or not isinstance(stated, int | float):
        return None
    gap = max(figures) - min(figures)
    return (
        None if _same(stated, gap) else f"its certificate says a gap of {stated:g} in {noun}, it is {gap:g}"
    )


def _measures(said: Fairness, counts: Sequence[int], exact: Sequence[Fraction]) -> str | None:
    loads = [Fraction(count) / share for count, share in zip(counts, exact, strict=True) if share]
    squares = sum(load * load for load in loads)
    values = {
        "jain": float(sum(loads) ** 2 / (len(loads) * squares)) if squares else 1.0,
        "max_relative_load": float(max(loads, default=Fraction(0))),
    }
    for name, value in values.items():
        stated = said.measures.get(name)
        if isinstance(stated, int | float) and not _same(stated, value):
            return f"its certificate says {name} {stated:g}, but its shares give {value:g}"
    inside = all(abs(count - share) < 1 for count, share in zip(counts, exact, strict=True))
    if "quota" in said.measures and (said.measures["quota"] == "satisfied") != inside:
        return f'its certificate says quota "{said.measures["quota"]}", its shares say otherwise'
    objectives = {
        "largest gap in items": float(max(counts) - min(counts)) if counts else 0.0,
        "largest distance from the exact share in items": float(
            max((abs(count - share) for count, share in zip(counts, exact, strict=True)), default=Fraction(0))
        ),
    }
    value = objectives.get(said.objective, said.value)
    if not _same(said.value, value):
        return f"its certificate says {said.objective} {said.value:g}, but its shares give {value:g}"
    return None


def exact_shares(operation: Operation, people: People) -> list[Fraction] | None:
    """Return everyone's exact share of an operation's items, None where the spec does not tell.

    Weights and percentages are of what fixed counts leave; a fixed count is taken as
    it is in this operation, which may be a part of a task.
    """
    shares = operation.allocation.shares
    if operation.allocation.strategy in ("equal", "qualification") and not people:
        return [Fraction(sum(share.items for share in shares), len(shares))] * len(shares)
    if any(share.assignee not in people for share in shares):
        return None
    stated = [people[share.assignee] for share in shares]
    fixed = [person.get("count") is not None for person in stated]
    rest = sum(share.items for share, is_fixed in zip(shares, fixed, strict=True) if not is_fixed)
    percents = [Fraction(str(person.get("percent") or 0)) for person in stated]
    named = [person.get("percent") is not None for person in stated]
    open_ = [not known and not is_fixed for known, is_fixed in zip(named, fixed, strict=True)]
    weights = [
        Fraction(str(person.get("weight") or 1)) if is_open else Fraction(0)
        for person, is_open in zip(stated, open_, strict=True)
    ]
    left = 1 - sum(percents, Fraction(0)) / 100 if any(open_) else Fraction(0)
    scale = Fraction(100) if any(open_) else (sum(percents, Fraction(0)) or Fraction(1))
    return [
        Fraction(share.items)
        if is_fixed
        else (percent / scale + weight * left / (sum(weights, Fraction(0)) or Fraction(1))) * rest
        for share, is_fixed, percent, weight in zip(shares, fixed, percents, weights, strict=True)
    ]


def share_faults(operation: Operation, people: People) -> Iterator[str | None]:
    """Yield for everyone whose share the method promises to keep within an item what is wrong, or None."""
    allocation = operation.allocation
    by_percent = any(person.get("percent") is not None for person in people.values())
    method = allocation.options.get("method")
    promised = allocation.strategy == "equal" or (
        allocation.strategy == "weighted" and (by_percent or method in _IN_QUOTA)
    )
    exact = exact_shares(operation, people) if promised else None
    if exact is None:
        return
    for share, wanted in zip(allocation.shares, exact, strict=True):
        fault = f"{share.assignee} gets {share.items:,} items for a share of {float(wanted):.4g}"
        yield fault if abs(share.items - wanted) >= 1 else None


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
