"""Problems and answers for people: a small table, and the code that makes the problem again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from taskplan.allocation.problem import Allocation, Assignee, Need, Ordering, Problem
from taskplan.testing.properties.base import items

MOST_ROWS = 12


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; what is all numbers stands on the right, empty columns are left out."""
    shown = [list(row) for row in rows]
    kept = [index for index in range(len(columns)) if any(row[index] for row in shown)]
    lines = [[columns[index] for index in kept], *([row[index] for index in kept] for row in shown)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(kept))]
    numeric = [all(line[place].isdigit() for line in lines[1:]) for place in range(len(kept))]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    ]


def problem_table(problem: Problem, answer: Allocation | None) -> list[str]:
    """Return the lines that show a problem and who gets what: the items, the people, and each item's own."""
    ordering = problem.ordering
    by = f" by {ordering.path}" if ordering.path else ""
    copies = f", each to {problem.overlap} people" if problem.overlap > 1 else ""
    lines = [f"{items(problem.n_items)}, {ordering.kind}{by}{copies}"]
    lines += _limited(
        table(
            ("person", "share", "bounds", "skills", "own", "items", "which"),
            [
                (
                    person.email,
                    share_of(person),
                    _bounds(person),
                    ", ".join(sorted(person.skills)),
                    _own(person),
                    "" if answer is None else str(int(answer.counts[index])),
                    "" if answer is None or len(answer.order) > MOST_ROWS else _which(answer, index),
                )
                for index, person in enumerate(problem.assignees)
            ],
        )
    )
    lines += _limited(_items_table(problem))
    return lines


def _items_table(problem: Problem) -> list[str]:
    special = (problem.need, problem.effort, problem.kind, problem.held)
    keyed = problem.ordering.path is not None and problem.keys is not None
    if not keyed and all(column is None for column in special):
        return []
    holders = (*problem.holders, "")
    rows = [
        (
            str(item),
            f"{problem.keys[item]}" if keyed and problem.keys is not None else "",
            "" if problem.need is None else _need(problem.needs[int(problem.need[item])]),
            "" if problem.effort is None else f"{problem.effort[item]:g}",
            "" if problem.kind is None else problem.kinds[int(problem.kind[item])],
            "" if problem.held is None else holders[int(problem.held[item])],
            "" if problem.started is None or not problem.started[item] else "started",
        )
        for item in range(problem.n_items)
    ]
    return table(("item", "key", "needs", "effort", "kind", "held by", ""), rows) if rows else []


def _limited(lines: list[str]) -> list[str]:
    """Keep the head and the first rows of a table."""
    over = len(lines) - 1 - MOST_ROWS
    return lines if over <= 0 else [*lines[: 1 + MOST_ROWS], f"and {over} more"]


def share_of(person: Assignee) -> str:
    """Return a person's share in words; empty where they name none."""
    if person.count is not None:
        return items(person.count)
    if person.percent is not None:
        return f"{person.percent:g} %"
    return "" if person.weight is None else f"weight {person.weight:g}"


def _bounds(person: Assignee) -> str:
    if person.minimum is None and person.maximum is None:
        return ""
    least, most = person.minimum or 0, person.maximum
    return f"{least} or more" if most is None else f"{least} to {most}"


def _own(person: Assignee) -> str:
    own = [f"{kind} ×{factor:g}" for kind, factor in sorted(person.factors.items())]
    own += [f"rate {person.rate:g}"] if person.rate != 1 else []
    own += [f"capacity {person.capacity:g}"] if person.capacity is not None else []
    return ", ".join(own)


def _need(need: Need) -> str:
    return ", ".join([*sorted(need.skills), *(f"not {who}" for who in sorted(need.excluded))]) or "nothing"


def _which(answer: Allocation, index: int) -> str:
    return " ".join(str(row) for row in answer.rows_of(index).tolist()) or "none"


def literal(problem: Problem) -> str:
    """Return the code that makes a problem again, given ``np`` and the classes of `taskplan.allocation`."""
    return _made(problem)


def _made(value: Any) -> str:
    if isinstance(value, Problem | Assignee | Need | Ordering):
        return f"{type(value).__name__}({', '.join(_arguments(value))})"
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()}, dtype='{value.dtype.name}')"
    if isinstance(value, frozenset):
        return f"frozenset({sorted(value)})" if value else "frozenset()"
    if isinstance(value, tuple):
        return f"({', '.join(map(_made, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _arguments(value: Any) -> list[str]:
    """Return the arguments that differ from what they are anyway."""
    given = []
    for index, field in enumerate(fields(value)):
        entry = getattr(value, field.name)
        positional = index < (2 if isinstance(value, Problem) else 1)
        if not positional and _is_default(entry, field):
            continue
        given.append(_made(entry) if positional else f"{field.name}={_made(entry)}")
    return given


def _is_default(entry: Any, field: Any) -> bool:
    if isinstance(entry, np.ndarray):
        return False
    return bool(entry == (field.default if not callable(field.default_factory) else field.default_factory()))
