"""Why a query selects what it selects: clause by clause, document by document, path by path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from taskplan.dql.evaluate import evaluate
from taskplan.dql.match import match
from taskplan.dql.query import And, Node, Query, nested_fields, node_json
from taskplan.errors import nearest
from taskplan.model.table import Document, DocumentTable, ItemTable


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
    """Return the paths that exist in no item (or no annotation), each with what was perhaps meant."""
    strangers: list[tuple[str, str | None]] = []
    for path in _nowhere(item_fields(query), table):
        strangers.append((path, _meant(path, table)))
    asked = list(annotation_fields(query))
    if asked:
        annotations = table.annotations()
        if len(table) and not len(annotations):
            strangers.append(("annotations", None))
        for path in _nowhere(asked, annotations):
            found = near_path(path, annotations)
            strangers.append((f"annotations.{path}", f"annotations.{found}" if found else None))
    return tuple(strangers)


def _nowhere(paths: Iterable[str], table: DocumentTable) -> Iterator[str]:
    """Yield the paths that no document has, and the platform does not know either."""
    told: list[str] = []
    for path in dict.fromkeys(paths):
        # Of a path that is not there, what lies below is not there either.
        if not len(table) or any(path.startswith(f"{above}.") for above in told):
            continue
        if not table.has(path) and path not in table.known_paths():
            told.append(path)
            yield path


def _meant(path: str, table: ItemTable) -> str | None:
    if path in ("and", "or"):
        return f"${path}"
    known, inner = table.known_paths(), path.removeprefix("annotations.")
    if inner != path or (not _ends_in(path, known) and inner in table.annotations().known_paths()):
        return f"annotations: {{{inner}: …}}"
    return near_path(path, table)


def near_path(path: str, table: DocumentTable) -> str | None:
    """Return the path that was perhaps meant: a longer one that ends so, else the most alike."""
    known = table.known_paths()
    # That the path's own beginning is there helps nobody.
    others = [other for other in known if not path.startswith(f"{other}.")]
    return min(_ends_in(path, known), key=len, default=None) or nearest(path, others)


def _ends_in(path: str, known: Iterable[str]) -> list[str]:
    return [other for other in known if other.endswith(f".{path}")]


def item_fields(query: Query) -> Iterator[str]:
    """Yield the fields of items that a query names, those within others too."""
    yield from nested_fields(query.filter)
    yield from (path for path, _ in query.sort)
    for inner in (query.intersect, query.except_):
        if inner is not None:
            yield from item_fields(inner)


def annotation_fields(query: Query) -> Iterator[str]:
    """Yield the fields of annotations that a query names."""
    if query.join is not None:
        yield from nested_fields(query.join)
    for inner in (query.intersect, query.except_):
        if inner is not None:
            yield from annotation_fields(inner)
