"""Documents that are hard to put into columns, and when two columns are the same."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from taskplan.model.columns import canonical
from taskplan.model.memory import MemoryTable
from taskplan.model.table import Column, ItemTable
from taskplan.testing.strategies.documents import items

NAMES = ("a", "b", "0", "a.b", "", "ä")
SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from((0, 1, 1.0, -0.0, 0.5, 2**53, 2**53 + 1, 2**53 + 2, float(2**53 + 2), -(2**63), 2**64))
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(("", "x", "null", "[1]", "\x00", "1"))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)
PATHS = (
    *("metadata.user.a", "metadata.user.b", "metadata.user.a.b", "metadata.user.a.0", "metadata.user.a.b.a"),
    *(
        "metadata.user.0.a",
        "metadata.user.",
        "metadata.user.ä",
        "nowhere",
        "metadata.user.nowhere",
        "other.a",
    ),
    *("document", "annotations", "annotations.label", "id.x"),
)


@st.composite
def tables(draw: st.DrawFn, *, max_items: int = 12) -> MemoryTable:
    """Draw items whose fields hold anything: nulls, lists and objects where others have numbers."""
    documents: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, max_items))):
        document = draw(items(number=number))
        anything = draw(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
        where = draw(st.sampled_from(("user", "user", "user", "system", "metadata", "top", "refs")))
        metadata = document["itemMetadata"]
        if where == "metadata":
            metadata |= {"user": draw(VALUES)}
        elif where == "top":
            document |= {
                "other": anything,
                "hidden": draw(st.sampled_from((None, True))),
                "type": draw(SCALARS),
            }
        elif where == "refs":
            metadata["system"]["refs"] = draw(VALUES)
        else:
            metadata[where] |= anything
        documents.append(document)
    return MemoryTable.from_documents(documents, dataset="drawn", project="drawn")


def paths_to_look_at(table: ItemTable) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*table.known_paths(), *PATHS)))


def assert_same(found: Column, expected: Column, path: str = "") -> None:
    """Equal to the last bit of form, but for numbers written 1 here and 1.0 there."""
    assert [canonical(v) for v in found.values] == [canonical(v) for v in expected.values], path
    assert found.codes.dtype == expected.codes.dtype, path
    assert found.codes.tolist() == expected.codes.tolist(), path
    assert (found.numbers is None) == (expected.numbers is None), path
    if found.numbers is not None and expected.numbers is not None:
        assert found.numbers.tobytes() == expected.numbers.tobytes(), path


def assert_same_table(found: ItemTable, expected: ItemTable) -> None:
    assert found.ids == expected.ids
    assert list(found.documents()) == list(expected.documents())
    for path in paths_to_look_at(expected):
        assert_same(found.column(path), expected.column(path), path)
    assert found.annotations().item_rows.tolist() == expected.annotations().item_rows.tolist()
    assert list(found.annotations().documents()) == list(expected.annotations().documents())
    for path in (*expected.annotations().known_paths(), "label", "nowhere"):
        assert_same(found.annotations().column(path), expected.annotations().column(path), path)
