"""Why a query selects nothing at all, and what was perhaps meant."""

from __future__ import annotations

from typing import Any

from taskplan.dql.explain import clauses, explain
from taskplan.dql.query import And, Compare, Equal, Every, Field, Node, Query
from taskplan.errors import did_you_mean
from taskplan.model.table import DocumentTable, ItemTable


def why_nothing(query: Query, table: ItemTable) -> str | None:
    """Return the first clause after which no item is left, in words; None where some are selected."""
    reports = explain(query, table)
    before = len(table)
    for (text, part), report in zip(clauses(query), reports, strict=True):
        if report.kept == 0 and before:
            if report.alone:
                kept = "1 item" if before == 1 else f"{before:,} items"
                return f"of the {kept} that the clauses before keep, none satisfies {text}"
            hint = _hint(part, table)
            return f"no item satisfies {text}" + (f"; {hint}" if hint else "")
        before = report.kept
    return None


def _hint(part: Query, table: ItemTable) -> str | None:
    if part.join is not None:
        return _hint_of(part.join, table.annotations())
    return _hint_of(part.filter, table)


def _hint_of(node: Node, table: DocumentTable) -> str | None:
    if isinstance(node, And):
        return _hint_of(node.nodes[0], table) if len(node.nodes) == 1 else None
    if not isinstance(node, Field):
        return None
    predicates = node.predicate.predicates if isinstance(node.predicate, Every) else (node.predicate,)
    for predicate in predicates:
        if isinstance(predicate, Equal | Compare) and isinstance(predicate.value, str):
            return _hint_of_text(predicate.value, node.path, table)
    return None


def _hint_of_text(value: str, path: str, table: DocumentTable) -> str | None:
    column = table.column(path)
    values: list[Any] = [entry for reached in column.values for entry in reached]
    if column.numbers is not None or any(_is_number(entry) for entry in values):
        return "the values there are numbers, which are written without quotation marks"
    if value.lower() in ("true", "false") and any(isinstance(entry, bool) for entry in values):
        return f"{value.lower()} is written without quotation marks"
    return did_you_mean(value, dict.fromkeys(entry for entry in values if isinstance(entry, str)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
