"""How long does a plan of a million items take to write, and to read and verify, and how large is it?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.bandwidth import at_best
from benchmarks.rows import Row, row
from benchmarks.workload import seconds
from taskplan.model.ids import ItemIds
from taskplan.planning.codec import read_plan, write_plan
from taskplan.planning.document import (
    AllocationRecord,
    Fairness,
    Operation,
    PackedIds,
    Plan,
    Selection,
    Share,
    SnapshotRecord,
    TaskFields,
)

PEOPLE = 100
WRITE = "plan file, write"
READ = "plan file, read and verify"


def plan_of(count: int) -> Plan:
    """Return a plan of one task with `count` items of random ids for a hundred people."""
    rng = np.random.Generator(np.random.PCG64(0))
    ids = ItemIds(packed=rng.integers(0, 256, (count, 12), dtype=np.uint8))
    sizes = [count // PEOPLE + (index < count % PEOPLE) for index in range(PEOPLE)]
    allocation = AllocationRecord(
        strategy="equal",
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=tuple(Share(f"p{index}@example.com", size) for index, size in enumerate(sizes)),
        items=PackedIds.of(ids),
        fairness=Fairness({"jain": 1.0}, "largest gap in items", 0.0, 0.0, 1.0, True),
    )
    operation = Operation(
        id="create:all",
        key="0" * 32,
        action="create_task",
        task=TaskFields(name="all"),
        selection=Selection("dataset", None, count),
        allocation=allocation,
    )
    snapshot = SnapshotRecord("p", "d", count, "sha256:0", ())
    return Plan(digest="", taskplan="0", seed=0, spec={}, snapshot=snapshot, operations=(operation,))


def run(scale: float, repeat: int) -> list[Row]:
    """Measure ours beside orjson and msgspec writing and reading plain lists of ids, to disk and back."""
    count = int(1_000_000 * scale)
    plan = plan_of(count)
    ids = plan.operations[0].allocation.items.unpack()
    plain = {who: held.tolist() for who, held in plan.operations[0].items_by_assignee().items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"

        def write() -> None:
            # From ids to disk: packing them is part of writing a plan.
            packed = PackedIds.of(ids)
            allocation = msgspec.structs.replace(plan.operations[0].allocation, items=packed)
            operation = msgspec.structs.replace(plan.operations[0], allocation=allocation)
            write_plan(path, msgspec.structs.replace(plan, operations=(operation,)))

        def read() -> None:
            for operation in read_plan(path).operations:
                operation.items_by_assignee()

        writing, reading = seconds(write, repeat), seconds(read, repeat)
        size = path.stat().st_size / 1e6
        rivals = _rivals(plain, Path(folder), repeat)
    limit = 24 * max(scale, 0.001)
    # The ids are read and the file is written; or the other way round.
    best, most = at_best(12 * count, int(1e6 * size)), 0.3 * max(1.0, scale)
    ours = {WRITE: writing, READ: reading}
    rows = []
    for question, taken in ours.items():
        rows.append(row(question, "taskplan", taken, limit="≤ 0.3 s", ok=taken <= most, at_best=best))
        for name, (wrote, read_back, bytes_) in rivals.items():
            theirs = wrote if question == WRITE else read_back
            note = f"taskplan / this; {bytes_ / 1e6:.1f} MB, no digest"
            rows.append(row(question, name, theirs, taken / theirs, note=note))
    kept = size <= limit
    rows.append(
        row("plan file, size", "taskplan", None, limit=f"≤ {limit:g} MB", ok=kept, note=f"{size:.2f} MB")
    )
    return rows


def _rivals(plain: dict[str, list[str]], folder: Path, repeat: int) -> dict[str, tuple[float, float, int]]:
    result: dict[str, tuple[float, float, int]] = {}
    encoders: dict[str, tuple[Any, Any]] = {
        "msgspec, plain lists": (msgspec.json.encode, msgspec.json.decode)
    }
    try:
        import orjson

        encoders["orjson, plain lists"] = (orjson.dumps, orjson.loads)
    except ImportError:
        pass
    for name, (encode, decode) in encoders.items():
        path = folder / "rival.json"
        wrote = seconds(lambda encode=encode, path=path: path.write_bytes(encode(plain)), repeat)
        read = seconds(lambda decode=decode, path=path: decode(path.read_bytes()), repeat)
        result[name] = (wrote, read, path.stat().st_size)
    return result
