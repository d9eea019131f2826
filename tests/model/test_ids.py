"""Item ids: packed and text forms behave alike and survive encoding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.model.ids import ItemIds

object_ids = st.binary(min_size=12, max_size=12).map(bytes.hex)
any_ids = st.one_of(object_ids, st.text(max_size=8))
id_lists = st.one_of(st.lists(object_ids, unique=True), st.lists(any_ids, unique=True))


@given(id_lists)
def test_ids_are_a_sequence_of_what_went_in(texts: list[str]) -> None:
    ids = ItemIds.of(texts)
    assert len(ids) == len(texts)
    assert list(ids) == texts
    assert [ids[row] for row in range(len(texts))] == texts
    assert list(ids[1:3]) == texts[1:3]


@given(id_lists)
def test_encoding_gives_the_same_ids_back(texts: list[str]) -> None:
    encoding, data = ItemIds.of(texts).encode()
    assert ItemIds.decode(encoding, data, len(texts)).tolist() == texts


@given(id_lists, id_lists)
def test_rows_of_finds_each_id_where_it_is(have: list[str], wanted: list[str]) -> None:
    asked = wanted + have
    expected = [have.index(item_id) if item_id in have else -1 for item_id in asked]
    assert ItemIds.of(have).rows_of(ItemIds.of(asked)).tolist() == expected


def test_rows_of_is_exact_where_hashes_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{number:024x}" for number in range(50)]
    monkeypatch.setattr("taskplan.model.ids._hashes", lambda packed: np.zeros(len(packed), dtype=np.uint64))
    assert ItemIds.of(texts).rows_of(ItemIds.of(texts[::-1])).tolist() == list(range(49, -1, -1))


def test_only_lower_case_object_ids_are_packed() -> None:
    assert ItemIds.of(["0" * 24]).packed is not None
    assert ItemIds.of(["A" * 24]).packed is None
    assert ItemIds.of(["0" * 23 + "g"]).packed is None


@pytest.mark.parametrize(
    ("encoding", "data", "count", "message"),
    [
        ("objectid+base64", "AAAA", 1, "expected 1 ids, found 0.25"),
        ("lines+zlib+base64", ItemIds.of(["a"]).encode()[1], 2, "expected 2 ids, found 1"),
        ("rot13", "AAAA", 1, "unknown encoding 'rot13'"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(encoding: str, data: str, count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ItemIds.decode(encoding, data, count)


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=4), st.booleans())
def test_distinct_ids_are_counted(parts: list[list[int]], short: bool) -> None:
    texts = [[str(n) if short else f"{n * 2**60 + n:024x}" for n in part] for part in parts]
    assert ItemIds.count_distinct([ItemIds.of(part) for part in texts]) == len({i for p in texts for i in p})
