"""Paths that are nowhere are told once, with what was perhaps meant."""

from __future__ import annotations

from typing import Any

import pytest

from taskplan.dql.explain import unknown_paths
from taskplan.dql.short import query_from
from taskplan.model.memory import MemoryTable

ITEM = {"id": "a", "filename": "/a", "metadata": {"user": {"scene": "x"}}}
ANNOTATED = {**ITEM, "annotations": [{"label": "car"}]}


@pytest.mark.parametrize(
    ("query", "document", "told"),
    [
        ({"metadata.user.scen": "x"}, ITEM, [("metadata.user.scen", "metadata.user.scene")]),
        ({"metadata.user.scene": "x"}, ITEM, []),
        ({"metadata.system.refs.type": {"ne": "task"}}, ITEM, []),
        ({"annotations": {"label": "car"}}, ANNOTATED, []),
        ({"annotations": {"lable": "car"}}, ANNOTATED, [("annotations.lable", "annotations.label")]),
        ({"annotations": {"label": "car"}}, ITEM, [("annotations", None)]),
        ({"annotations.label": "car"}, ANNOTATED, [("annotations.label", "annotations: {label: …}")]),
        ({"filter": {"q": {"a": {"b": {"c": 1}}}}}, ITEM, [("q", None)]),
        (
            {"filter": {"metadata": {"user": {"scen": 1}}}},
            ITEM,
            [("metadata.user.scen", "metadata.user.scene")],
        ),
        ({"sort": "nmae"}, ITEM, [("nmae", "name")]),
        ({"scene": "x"}, ITEM, [("scene", "metadata.user.scene")]),
        ({"DIR": "/"}, ITEM, [("DIR", "dir")]),
        ({"label": "car"}, ANNOTATED, [("label", "annotations: {label: …}")]),
        ({"filter": {"and": [{"dir": "/"}]}}, ITEM, [("and", "$and")]),
        ({"except": {"metadata.user.scen": 1}}, ITEM, [("metadata.user.scen", "metadata.user.scene")]),
    ],
)
def test_unknown_paths(query: Any, document: Any, told: list[Any]) -> None:
    table = MemoryTable.from_documents([document])
    assert list(unknown_paths(query_from(query), table)) == told


def test_an_empty_table_has_no_unknown_paths() -> None:
    assert unknown_paths(query_from({"x": 1}), MemoryTable.from_documents([])) == ()
