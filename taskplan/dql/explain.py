"""Why a query selects what it selects: clause by clause, document by document, path by path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from taskplan.dql.evaluate import evaluate
from taskplan.dql.match import match
from taskplan.dql.query import And, Node, Query, annotation_paths, item_paths, node_json
from taskplan.errors import nearest
from taskplan.model.table import Document, ItemTable


@dataclass(frozen=True, slots=True)
class ClauseReport:
    """One clause: items it keeps `alone`, items `kept` after it and those before, items `dropped` by it."""

    text: str
    alone: int
    kept: int
    dropped: int


def clauses(query: Query) -> tuple[tuple[str, Query], ...]:
    """Return the parts that must all hold, each as a text and a query of its own."""
    nodes: tuple[Node, ...] = query.filter.nodes if isinstance(query.filter, And) else (query.filter,)
    parts = [(_text(node), Query(filter=node)) for node in nodes]
    if query.join is not None:
        parts.append((f"annotations {_text(query.join)}", Query(join=query.join)))
    if query.intersect is not None:
        parts += clauses(query.intersect)
    if query.except_ is not None:
        parts.append(("except", Query(except_=query.except_)))
    return tuple(parts)


def _text(node: Node) -> str:
    nodes = node.nodes if isinstance(node, And) else (node,)
    return " ".join(msgspec.json.encode(node_json(inner)).decode() for inner in nodes) or "{}"


def explain(query: Query, table: ItemTable) -> tuple[ClauseReport, ...]:
    """Report each clause in order; the last report's `kept` is what the query selects."""
    kept = np.ones(len(table), dtype=bool)
    reports = []
    for text, part in clauses(query):
        mask = evaluate(part, table)
        after = kept & mask
        reports.append(
            ClauseReport(text, int(mask.sum()), int(after.sum()), int(kept.sum()) - int(after.sum()))
        )
        kept = after
    return tuple(reports)


def explain_document(query: Query, document: Document, annotations: Sequence[Document] = ()) -> str | None:
    """Return the first clause that drops a document, or None where it is selected."""
    for text, part in clauses(query):
        if not match(part, document, annotations):
            return text
    return None


def unknown_paths(query: Query, table: ItemTable) -> tuple[tuple[str, str | None], ...]:
    """Return the paths that exist in no item (or no annotation), each with the nearest one that does."""
    strangers: list[tuple[str, str | None]] = []
    for path in item_paths(query):
        if len(table) and table.column(path).exists_nowhere:
            strangers.append((path, nearest(path, table.known_paths())))
    asked = annotation_paths(query)
    if asked:
        annotations = table.annotations()
        for path in asked:
            if len(annotations) and annotations.column(path).exists_nowhere:
                found = nearest(path, annotations.known_paths())
                strangers.append((f"annotations.{path}", f"annotations.{found}" if found else None))
    return tuple(strangers)
