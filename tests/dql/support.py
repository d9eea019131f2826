"""Documents and queries to search with: few names and values, so that they meet often."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c")
numbers = st.one_of(st.integers(-2, 3), st.sampled_from([0.5, 1.0, -0.0, 2**53 + 1, -(2**60), 1e300]))
texts = st.sampled_from(["", "x", "y", "xy", "2024-01-31", "*"])
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
filenames = st.builds(
    lambda folder, name: f"{folder}/{name}",
    st.sampled_from(["", "/a", "/a/b", "/x"]),
    st.sampled_from(["one.jpg", "two.png", "a"]),
)


def _item(number: int, filename: str, metadata: Any, annotations: Any) -> dict[str, Any]:
    return {"id": f"{number:024x}", "filename": filename, "metadata": metadata, "annotations": annotations}


metadata = st.fixed_dictionaries({}, optional={"user": objects, "system": objects})
annotation_lists = st.lists(
    st.fixed_dictionaries({"label": st.sampled_from(["cat", "dog"]), "type": texts}), max_size=3
)
items = st.lists(st.tuples(filenames, metadata, annotation_lists), max_size=8).map(
    lambda rows: [_item(number, *row) for number, row in enumerate(rows)]
)

tails = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(".".join)
paths = st.one_of(
    tails.map("metadata.user.{}".format),
    tails.map("metadata.system.{}".format),
    st.sampled_from(["filename", "dir", "name", "annotated", "id", "metadata.user.a.0"]),
)
comparables = st.one_of(numbers, texts, st.booleans())


def operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda op, v: {op: v}, st.sampled_from(["$eq", "$ne"]), values),
        st.builds(lambda op, v: {op: v}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), comparables),
        st.builds(lambda op, v: {op: v}, st.sampled_from(["$in", "$nin"]), st.lists(values, max_size=3)),
        st.booleans().map(lambda wanted: {"$exists": wanted}),
        inner.map(lambda node: {"$match": node}),
        st.builds(lambda low, high: {"$gte": low, "$lt": high}, numbers, numbers),
    )


def clause(path: st.SearchStrategy[str], inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.one_of(scalars, st.lists(scalars, max_size=2), st.sampled_from(["/a*", "*.jpg", "*x*", "/a"]))
    return st.builds(lambda p, v: {p: v}, path, st.one_of(plain, operators(inner), inner))


short_fields = clause(st.sampled_from(NAMES), st.builds(lambda n, v: {n: v}, st.sampled_from(NAMES), scalars))
filters: st.SearchStrategy[Any] = st.recursive(
    clause(paths, short_fields),
    lambda inner: st.builds(
        lambda name, nodes: {name: nodes},
        st.sampled_from(["$and", "$or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)
joins = st.builds(
    lambda field, value: {
        "on": {"resource": "annotations", "local": "itemId", "forigen": "id"},
        "filter": {"$and": [{field: value}]},
    },
    st.sampled_from(["label", "type", "none"]),
    st.one_of(st.sampled_from(["cat", "x"]), st.just({"$ne": "cat"}), st.just({"$in": ["dog"]})),
)
plain_queries = st.fixed_dictionaries({"filter": filters}, optional={"join": joins})
queries = st.builds(
    lambda query, extra, sort: {**query, **extra, **sort},
    plain_queries,
    st.fixed_dictionaries(
        {},
        optional={
            "intersect": plain_queries.map(lambda q: {"query": q}),
            "except": plain_queries.map(lambda q: {"query": q}),
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "sort": st.dictionaries(
                st.sampled_from(["metadata.user.a", "name", "id"]),
                st.sampled_from(["ascending", "descending"]),
                min_size=1,
                max_size=2,
            )
        },
    ),
)
