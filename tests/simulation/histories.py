"""Items that people have finished, as an export has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from taskplan.model.memory import MemoryTable

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
LABEL, CHECK = f"{1:024x}", f"{2:024x}"


def at(minutes: float) -> str:
    """A time so many minutes after Monday morning, as the platform writes it."""
    moment = MONDAY + timedelta(milliseconds=round(minutes * 60_000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def said(task: str, person: str | None, minutes: float | None, status: str = "completed") -> dict[str, Any]:
    """A task ref with a status."""
    metadata = {"status": status, "creator": person, "timestamp": None if minutes is None else at(minutes)}
    kept = {name: value for name, value in metadata.items() if value is not None}
    return {"id": task, "type": "task", "metadata": kept}


def entry(
    task: str, person: str, minutes: float, status: str = "completed", action: str = "created"
) -> dict[str, Any]:
    """An entry of an item's status log."""
    return {
        "action": action,
        "status": {"taskId": task, "status": status, "creator": person, "timestamp": at(minutes)},
    }


def item(number: int, *refs: Mapping[str, Any], scene: str | None = None, log: Any = None) -> dict[str, Any]:
    """An item document."""
    system: dict[str, Any] = {"refs": list(refs)}
    if log is not None:
        system["taskStatusLog"] = log
    return {
        "id": f"{number:024x}",
        "filename": f"/{number}.jpg",
        "metadata": {"system": system, "user": {"scene": scene} if scene is not None else {}},
    }


def table(items: Iterable[Mapping[str, Any]]) -> MemoryTable:
    return MemoryTable.from_documents(items, dataset="scenes")


def worked(
    rng: np.random.Generator,
    people: Mapping[str, tuple[float, float, int]],
    *,
    scene: str | None = None,
    task: str = LABEL,
    first: int = 0,
    begins: float = 0.0,
) -> list[dict[str, Any]]:
    """Items that people annotated one after another, eight hours a day: person → mean minutes, cv, items."""
    found = []
    for person, (mean, cv, count) in people.items():
        spread = np.log1p(cv**2)
        clock = begins
        for minutes in (0.0, *rng.lognormal(np.log(mean) - spread / 2, np.sqrt(spread), count)):
            clock += float(minutes)
            if clock % 1440 > 480:
                clock += 1440 - clock % 1440
            found.append(item(first + len(found), said(task, person, clock), scene=scene))
    return found
