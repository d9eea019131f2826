"""A query that selects nothing is told why."""

from __future__ import annotations

from typing import Any

import pytest

from taskplan.dql.nothing import why_nothing
from taskplan.dql.short import query_from
from taskplan.model.memory import MemoryTable

TABLE = MemoryTable.from_documents(
    {
        "id": f"{n:024x}",
        "filename": f"/{folder}/{n}.jpg",
        "metadata": {"system": {"width": 100 * n + 0.5}},
        "annotations": [{"label": "apple"}] if folder == "train" else [],
    }
    for n, folder in enumerate(["train", "train", "test"])
)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"dir": "train"}, 'no item satisfies {"dir":"train"}; did you mean "/train"?'),
        ({"dir": "/Train"}, 'no item satisfies {"dir":"/Train"}; did you mean "/train"?'),
        ({"dir": "/xyz"}, 'no item satisfies {"dir":"/xyz"}'),
        (
            {"annotated": "true"},
            'no item satisfies {"annotated":"true"}; true is written without quotation marks',
        ),
        (
            {"metadata.system.width": {"gt": "100"}},
            'no item satisfies {"metadata.system.width":{"$gt":"100"}}; '
            "the values there are numbers, which are written without quotation marks",
        ),
        (
            {"annotations": {"label": "appel"}},
            'no item satisfies annotations {"label":"appel"}; did you mean "apple"?',
        ),
        (
            {"dir": "/test", "annotations": {"label": "apple"}},
            'of the 1 item that the clauses before keep, none satisfies annotations {"label":"apple"}',
        ),
        ({"dir": "/train"}, None),
        ({"metadata.system.width": {"in": [7]}}, 'no item satisfies {"metadata.system.width":{"$in":[7]}}'),
    ],
)
def test_why_a_query_selects_nothing(source: Any, words: str | None) -> None:
    assert why_nothing(query_from(source), TABLE) == words


def test_of_no_items_nothing_is_said() -> None:
    assert why_nothing(query_from({"dir": "x"}), MemoryTable.from_documents([])) is None
