"""The workload of every benchmark: items of about 400 bytes, made by numpy, and the query over them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDERS = tuple(f"/{part}/{city}" for part in ("train", "val", "test") for city in ("a", "b", "c", "d"))
SCENES = tuple(f"scene-{number:02}" for number in range(20))
WANTED_SCENES = SCENES[:5]
QUERY: dict[str, Any] = {
    "filter": {
        "$and": [
            {"hidden": False},
            {"type": "file"},
            {"dir": "/train/*"},
            {"annotated": False},
            {"metadata.user.score": {"$gt": 0.5}},
            {"metadata.user.scene": {"$in": list(WANTED_SCENES)}},
            {"metadata.system.refs.type": {"$ne": "task"}},
        ]
    }
}
FIRST_ID = 0x6110D1859A1C5445
CREATED = "2026-01-02T03:04:05.678Z"
_BOOL = {False: "false", True: "true"}
REFS: tuple[list[dict[str, str]], ...] = (
    [],
    [{"id": "6110d173f2428d3b2ae2dafc", "type": "task"}],
    [
        {"id": "6110d173f2428d3b2ae2dafc", "type": "task"},
        {"id": "6110d173f2428d3b2ae2daff", "type": "assignment"},
    ],
)


@dataclass(frozen=True, eq=False)
class Workload:
    """Arrays [n], one entry an item; `score` is NaN where an item has none."""

    hidden: NDArray[np.bool_]
    directory: NDArray[np.bool_]
    folder: NDArray[np.uint8]
    annotated: NDArray[np.bool_]
    score: NDArray[np.float64]
    scene: NDArray[np.uint8]
    priority: NDArray[np.uint8]
    refs: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.hidden)

    def expected(self) -> int:
        """Count the items that the query selects, told in numpy alone."""
        train = np.array([folder.startswith("/train/") for folder in FOLDERS])
        kept = ~self.hidden & ~self.directory & train[self.folder] & ~self.annotated & (self.score > 0.5)
        return int((kept & (self.scene < len(WANTED_SCENES)) & (self.refs == 0)).sum())

    def document(self, row: int) -> dict[str, Any]:
        """Return one item document."""
        folder = FOLDERS[self.folder[row]]
        user: dict[str, Any] = {"scene": SCENES[self.scene[row]], "priority": int(self.priority[row])}
        if self.score[row] == self.score[row]:
            user["score"] = float(self.score[row])
        return {
            "id": item_id(row),
            "filename": f"{folder}/frame_{row:08}.jpg",
            "name": f"frame_{row:08}.jpg",
            "dir": folder,
            "type": "dir" if self.directory[row] else "file",
            "hidden": bool(self.hidden[row]),
            "annotated": bool(self.annotated[row]),
            "annotationsCount": int(self.annotated[row]) * 2,
            "createdAt": CREATED,
            "metadata": {
                "system": {
                    "size": 100_000 + row % 90_000,
                    "mimetype": "image/jpeg",
                    "refs": REFS[self.refs[row]],
                },
                "user": user,
            },
        }

    def lines(self, start: int, stop: int) -> Iterator[str]:
        """Yield the JSON of the documents of some rows, several times as fast as by `document`."""
        refs = [json.dumps(found) for found in REFS]
        part = slice(start, stop)
        flags = (array[part].tolist() for array in (self.hidden, self.directory, self.annotated))
        codes = (array[part].tolist() for array in (self.folder, self.scene, self.priority, self.refs))
        rows = zip(range(start, stop), *flags, *codes, self.score[part].tolist(), strict=True)
        for row, hidden, directory, annotated, folder, scene, priority, ref, score in rows:
            scored = f', "score": {score!r}' if score == score else ""
            yield (
                f'{{"id": "{item_id(row)}", '
                f'"filename": "{FOLDERS[folder]}/frame_{row:08}.jpg", "name": "frame_{row:08}.jpg", '
                f'"dir": "{FOLDERS[folder]}", "type": "{"dir" if directory else "file"}", '
                f'"hidden": {_BOOL[hidden]}, "annotated": {_BOOL[annotated]}, '
                f'"annotationsCount": {2 * annotated}, "createdAt": "{CREATED}", '
                f'"metadata": {{"system": {{"size": {100_000 + row % 90_000}, "mimetype": "image/jpeg", '
                f'"refs": {refs[ref]}}}, '
                f'"user": {{"scene": "{SCENES[scene]}", "priority": {priority}{scored}}}}}}}\n'
            )

    def write(self, path: Path, step: int = 100_000) -> None:
        """Write all documents as NDJSON."""
        with path.open("w", encoding="utf-8") as file:
            for start in range(0, len(self), step):
                file.writelines(self.lines(start, min(start + step, len(self))))


def item_id(row: int) -> str:
    """Return the id of one item."""
    return f"{FIRST_ID + row // 7:016x}{row:08x}"


def workload(count: int, seed: int = 0) -> Workload:
    """Draw `count` items: 2 % hidden, 1 % folders, 40 % annotated, a tenth without score, 0 to 2 refs."""
    rng = np.random.Generator(np.random.PCG64(seed))
    score = rng.random(count).round(6)
    score[rng.random(count) < 0.1] = np.nan
    return Workload(
        hidden=rng.random(count) < 0.02,
        directory=rng.random(count) < 0.01,
        folder=rng.integers(0, len(FOLDERS), count).astype(np.uint8),
        annotated=rng.random(count) < 0.4,
        score=score,
        scene=rng.integers(0, len(SCENES), count).astype(np.uint8),
        priority=rng.integers(1, 4, count).astype(np.uint8),
        refs=rng.integers(0, len(REFS), count).astype(np.uint8),
    )


def seconds(action: Any, repeat: int) -> float:
    """Return the median time of `repeat` calls, after one that does not count."""
    from statistics import median
    from time import perf_counter

    action()
    times = []
    for _ in range(repeat):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return median(times)
