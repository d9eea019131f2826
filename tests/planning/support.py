"""Items and a stand-in for a backend that the planning tests share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from taskplan.errors import NotFoundError, did_you_mean
from taskplan.model.documents import item_from_export
from taskplan.model.entities import AssignmentState, TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable

EXISTING = "5f00000000000000000000aa"


def fruit(shared: Path) -> MemoryTable:
    """The real export."""
    lines = (shared / "fruit-export.jsonl").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    return MemoryTable.from_documents(
        ({**item_from_export(d), "annotations": d["annotations"]} for d in documents), dataset="fruit"
    )


def generated(count: int = 300, finished: int = 0) -> MemoryTable:
    """Items in the export's folders; the first `finished` have a status in the existing task."""
    rng = np.random.Generator(np.random.PCG64(5))
    kinds = ("apple", "banana", "orange")

    def item(number: int) -> dict[str, Any]:
        folder = "/test" if number % 5 == 4 else "/train"
        refs = []
        if number < finished:
            status = {
                "status": "completed",
                "creator": "ann@example.com",
                "timestamp": "2026-01-01T00:00:00Z",
            }
            refs = [{"id": EXISTING, "type": "task", "metadata": status}]
        system = {
            "width": int(rng.integers(100, 5000)),
            "mimetype": str(rng.choice(["image/png", "image/jpeg"])),
            "refs": refs,
        }
        return {
            "id": f"{number:024x}",
            "filename": f"{folder}/{kinds[number % 3]}_{number}.jpg",
            "metadata": {"system": system, "user": {"scene": str(rng.choice(["a", "b", "c"]))}},
            "annotationsCount": int(rng.integers(0, 3)),
        }

    fixed = ["/train/apple_1.jpg", "/train/apple_10.jpg", "/train/apple_11.jpg"]
    fixed += ["/test/apple_77.jpg", "/test/apple_78.jpg"]
    named = [{"id": f"f{n:023x}", "filename": name} for n, name in enumerate(fixed)]
    return MemoryTable.from_documents([*map(item, range(count)), *named], dataset="fruit")


class Existing:
    """A resolver that knows one task, `label-train`, with some items in it."""

    def __init__(self, items: ItemIds | None = None, members: frozenset[str] | None = None) -> None:
        self.items = items if items is not None else ItemIds.of(())
        self._members = members

    def task(self, dataset: str, name_or_id: str) -> TaskState:
        if name_or_id not in ("label-train", EXISTING):
            raise NotFoundError(
                f'there is no task "{name_or_id}"', hint=did_you_mean(name_or_id, ["label-train"])
            )
        assignment = AssignmentState("5f00000000000000000000ab", "ann@example.com", self.items)
        return TaskState(
            EXISTING,
            "label-train",
            "annotation",
            dataset,
            "open",
            None,
            2,
            "lead@example.com",
            (assignment,),
            {},
        )

    def members(self, dataset: str) -> frozenset[str] | None:
        return self._members


def one_task(**fields: Any) -> Mapping[str, Any]:
    """A spec with one task that people need not spell out."""
    return {"tasks": [{"name": "t", "assignees": ["ann@example.com", "ben@example.com"], **fields}]}
