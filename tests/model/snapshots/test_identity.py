"""No two parts have one digest, unless they are the same part; a file is known by its end."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.errors import DataError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import open_snapshot, write_snapshot
from taskplan.model.snapshots.identity import Content, digest_of, read_footer
from taskplan.model.snapshots.part_writing import PartWriter

ITEM: dict[str, Any] = {"id": "0" * 24, "filename": "/a", "metadata": {}}


def digest(number: int, *documents: dict[str, Any], held: list[list[bytes]] | None = None) -> str:
    writer = PartWriter(number, {}, annotated=held is not None)
    for row, document in enumerate(documents):
        writer.add([document], [held[row]] if held else [])
    file = io.BytesIO()
    writer.write(file)
    return digest_of(read_footer(file))


def test_what_has_no_bounds_counts_too() -> None:
    """Neither a name with a dot, nor what is left to the documents, nor annotations have statistics."""
    found = [
        digest(0, ITEM),
        digest(1, ITEM),
        digest(0, {**ITEM, "metadata": {"a.b": 1}}),
        digest(0, {**ITEM, "metadata": {"a.b": 2}}),
        digest(0, ITEM, ITEM, held=[[b"1"], [b"2"]]),
        digest(0, ITEM, ITEM, held=[[b"2"], [b"1"]]),
    ]
    assert len(set(found)) == len(found)
    assert digest(0, ITEM) == found[0]


TEXTS = st.lists(st.sampled_from([b"1", b"2", b"12"]), max_size=3)
ITEMS = st.lists(st.tuples(st.sampled_from([b"{}", b"[]"]), TEXTS), max_size=4)


@given(one=ITEMS, other=ITEMS, cuts=st.lists(st.integers(0, 4), max_size=3))
def test_the_digest_of_the_content(one: Any, other: Any, cuts: list[int]) -> None:
    def whole(items: Any) -> str:
        content = Content()
        content.add([text for text, _ in items], [held for _, held in items])
        return content.digest()

    assert (whole(one) == whole(other)) == (one == other)
    content = Content()
    edges = [0, *sorted(cuts), len(one)]
    for start, end in pairwise(edges):
        content.add([text for text, _ in one[start:end]], [held for _, held in one[start:end]])
    assert content.digest() == whole(one)


@given(start=st.binary(max_size=20), footer=st.binary(max_size=20), guess=st.integers(8, 60))
def test_the_end_of_a_file(start: bytes, footer: bytes, guess: int) -> None:
    end = footer + len(footer).to_bytes(4, "little") + b"PAR1"
    assert read_footer(io.BytesIO(start + end), guess) == end


@given(content=st.binary(max_size=40), guess=st.integers(8, 60))
def test_of_what_is_no_parquet_there_is_an_end_too(content: bytes, guess: int) -> None:
    assert content.endswith(read_footer(io.BytesIO(content), guess))


def test_the_footer_is_what_parquet_takes_for_it(tmp_path: Path) -> None:
    write_snapshot(MemoryTable.from_documents([ITEM]), str(tmp_path / "snap"))
    file = tmp_path / "snap" / "part-00000.parquet"
    with file.open("rb") as opened:
        assert len(read_footer(opened, 8)) == pq.read_metadata(file).serialized_size + 8


@pytest.mark.parametrize("location", ["{}", "file://{}"])
def test_a_part_that_is_written_over_between_two_reads(tmp_path: Path, location: str) -> None:
    for name, scene in (("snap", "fog"), ("other", "sun")):
        document = {**ITEM, "metadata": {"user": {"scene": scene}}}
        write_snapshot(MemoryTable.from_documents([document]), str(tmp_path / name))
    table = open_snapshot(location.format(tmp_path / "snap"))
    held = table.partitions[0].table()
    assert held.ids == table.ids
    file = tmp_path / "snap" / "part-00000.parquet"
    file.write_bytes((tmp_path / "other" / file.name).read_bytes())
    for read in (held, table, table.partitions[0].table()):
        for action in (lambda: read.column("metadata.user.scene"), lambda: list(read.documents())):  # noqa: B023
            with pytest.raises(DataError, match="is another file than the snapshot says"):
                action()
    file.unlink()
    with pytest.raises(DataError, match="is missing; it was there when its folder was opened"):
        held.column("metadata.user.scene")
