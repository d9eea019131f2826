"""Queries in DQL, the JSON that ``dtlpy.Filters`` makes, over the paths of drawn items."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from taskplan.testing.strategies.documents import LABELS, TASK

Json = dict[str, Any]

TEXTS: dict[str, tuple[Any, ...]] = {
    "dir": ("/", "/train", "/train*", "/test"),
    "filename": ("/train/*", "*.png", "*0.jpg"),
    "metadata.user.scene": ("city", "forest", "tunnel"),
    "metadata.user.tags": ("day", "rain"),
    "metadata.system.mimetype": ("image/jpg", "image/*"),
    "metadata.system.refs.id": (TASK,),
    "metadata.system.refs.metadata.status": ("completed",),
}
NUMBERS = {"metadata.user.score": (0, 0.5, 1), "annotationsCount": (0, 1, 2)}
FLAGS = ("hidden", "annotated", "metadata.user.reviewed")


def _clauses() -> st.SearchStrategy[Json]:
    texts = st.sampled_from([(path, value) for path, values in TEXTS.items() for value in values])
    numbers = st.sampled_from([(path, value) for path, values in NUMBERS.items() for value in values])
    comparing = st.sampled_from(("$gt", "$gte", "$lt", "$lte"))
    paths = st.sampled_from((*TEXTS, *NUMBERS, *FLAGS))
    return st.one_of(
        texts.map(lambda pair: {pair[0]: pair[1]}),
        st.tuples(st.sampled_from(FLAGS), st.booleans()).map(lambda pair: {pair[0]: pair[1]}),
        st.builds(lambda op, pair: {pair[0]: {op: pair[1]}}, comparing, numbers),
        st.builds(
            lambda op, pair: {pair[0]: {op: pair[1]}}, st.sampled_from(("$eq", "$ne")), texts | numbers
        ),
        st.builds(
            lambda op, pair: {pair[0]: {op: [pair[1]]}}, st.sampled_from(("$in", "$nin")), texts | numbers
        ),
        st.builds(lambda path, there: {path: {"$exists": there}}, paths, st.booleans()),
    )


def _filters() -> st.SearchStrategy[Json]:
    def all_or_any(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        parts = st.lists(inner, min_size=1, max_size=3)
        return st.builds(lambda name, nodes: {name: nodes}, st.sampled_from(("$and", "$or")), parts)

    return st.recursive(_clauses(), all_or_any, max_leaves=5)


def queries(*, joins: bool = True, sorts: bool = True) -> st.SearchStrategy[Json]:
    """Draw a query as its JSON envelope; it shrinks to one clause.

    `joins` allows conditions on annotations, `sorts` an order of the items found.
    """
    optional: dict[Any, st.SearchStrategy[Any]] = {}
    if joins:
        optional["join"] = st.sampled_from(LABELS).map(
            lambda label: {
                "on": {"resource": "annotations", "local": "itemId", "forigen": "id"},
                "filter": {"$and": [{"label": label}]},
            }
        )
    if sorts:
        optional["sort"] = st.dictionaries(
            st.sampled_from(("filename", "metadata.user.score")),
            st.sampled_from(("ascending", "descending")),
            min_size=1,
            max_size=1,
        )
    required = {"resource": st.just("items"), "filter": _filters().map(lambda node: {"$and": [node]})}
    return st.fixed_dictionaries(required, optional=optional)
