"""Rows are looked at in blocks; where blocks end changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.dql import evaluate as module
from taskplan.dql.evaluate import evaluate
from taskplan.dql.match import match
from taskplan.dql.parse import parse
from taskplan.model.memory import MemoryTable
from taskplan.testing.strategies import queries, snapshots


@given(snapshots(max_items=12), queries(), st.integers(1, 5))
def test_where_blocks_end_changes_nothing(table: MemoryTable, query: object, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = evaluate(parse(query), table)
    rows = table.annotations().item_rows.tolist()
    held = list(zip(rows, table.annotations().documents(), strict=True))
    for row, document in enumerate(table.documents()):
        mine = [annotation for item, annotation in held if item == row]
        assert bool(found[row]) == match(parse(query), document, mine)
