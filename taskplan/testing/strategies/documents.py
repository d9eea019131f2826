"""Items as the platform exports them, and snapshots of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from taskplan.model.memory import MemoryTable

FOLDERS = ("", "/train", "/train/night", "/test")
NAMES = ("a.jpg", "b.jpg", "c.png")
LABELS = ("car", "truck")
USER = {
    "scene": st.sampled_from(("city", "forest", "tunnel")),
    "score": st.sampled_from((0, 0.5, 1)),
    "tags": st.lists(st.sampled_from(("day", "rain")), max_size=2),
    "reviewed": st.booleans(),
}
"""What an item's ``metadata.user`` may hold: few names and values, so that items meet in queries."""
TASK = "5f00000000000000000000aa"


@st.composite
def items(draw: st.DrawFn, *, number: int = 0) -> dict[str, Any]:
    """Draw an item in the form of the platform's JSON export; it shrinks to a bare file.

    It has ``_id``, ``filename``, ``dir``, ``name``, ``annotations`` (boxes) and
    ``itemMetadata`` with ``user`` fields and ``system.refs`` to a task. `number`
    makes its id and its filename its own.
    """
    folder = draw(st.sampled_from(FOLDERS))
    stem, _, kind = draw(st.sampled_from(NAMES)).partition(".")
    name = f"{stem}{number}.{kind}"
    item_id = f"{number:024x}"
    user = draw(st.fixed_dictionaries({}, optional=USER))
    refs = draw(st.lists(_refs(), max_size=1))
    labels = draw(st.lists(st.sampled_from(LABELS), max_size=2))
    return {
        "_id": item_id,
        "filename": f"{folder}/{name}",
        "dir": folder or "/",
        "name": name,
        "hidden": draw(st.booleans()),
        "itemMetadata": {"user": user, "system": {"refs": refs, "mimetype": f"image/{kind}"}},
        "annotations": [
            {"id": f"{number:020x}{place:04x}", "itemId": item_id, "type": "box", "label": label}
            for place, label in enumerate(labels)
        ],
    }


@st.composite
def _refs(draw: st.DrawFn) -> dict[str, Any]:
    status = draw(st.none() | st.sampled_from(("completed", "discarded")))
    held = {} if status is None else {"status": status, "creator": "ann@example.com"}
    return {"id": TASK, "type": "task", "metadata": held}


@st.composite
def snapshots(draw: st.DrawFn, *, min_items: int = 0, max_items: int = 12) -> MemoryTable:
    """Draw the items of a dataset as a table; it shrinks to few bare files."""
    size = draw(st.integers(min_items, max_items))
    return MemoryTable.from_documents(
        [draw(items(number=number)) for number in range(size)], dataset="drawn", project="drawn"
    )
