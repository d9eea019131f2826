"""Taking a snapshot of a live dataset: in parallel, in parts that an interruption does not lose.

The dataset is cut into ranges of ids, each read by pages that begin after the last
id seen, so that nothing that changes meanwhile shifts them. Every page goes into a
file of its range; a pull that was interrupted goes on behind the last whole line.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from taskplan.errors import BackendError
from taskplan.model.store import Mirror, Progress, PulledRef
from taskplan_dataloop.platform import PAGE, Dataset, Document, Platform

RANGES = 8
Clause = Mapping[str, Any]


class _State(msgspec.Struct):
    """What an unfinished pull was about; another one does not take up its files."""

    dataset: str
    clauses: list[Any]
    bounds: list[str]
    newest: str | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """Where the items lie, ready to be imported (NDJSON), and all else that the platform has."""

    files: tuple[Path, ...]
    items: int
    mirror: Mirror
    newest: str | None


def pull(
    platform: Platform,
    dataset: Dataset,
    folder: Path,
    *,
    clauses: Sequence[Clause] = (),
    whole: bool = True,
    on_progress: Progress | None = None,
) -> Pulled:
    """Read items, annotations, tasks, assignments, members and recipes; parts are kept in `folder`.

    `clauses` narrow the items; `whole` tells whether they are all that the dataset
    has, so that others are gone. BackendError where something cannot be read.
    """
    total, bounds = _bounds(platform, dataset, clauses)
    state = _prepare(folder, _State(dataset.id, list(clauses), bounds, platform.newest(dataset)))
    bounds = state.bounds
    counting = threading.Lock()
    done = 0

    def count(items: int) -> None:
        nonlocal done
        with counting:
            done += items
            if on_progress is not None:
                on_progress(done, max(total, done))

    ranges = list(zip(["", *bounds], [*bounds, None], strict=True))
    files = [folder / f"items-{number}.ndjson" for number in range(len(ranges))]

    def read(number: int) -> None:
        low, high = ranges[number]
        _read_range(platform, dataset, clauses, low, high, files[number], count)

    with ThreadPoolExecutor(RANGES) as pool:
        try:
            list(pool.map(read, range(len(ranges))))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    tasks = platform.tasks(dataset)
    assignments = [
        (str(task["id"]), found)
        for task, listed in zip(
            tasks,
            platform.together(lambda task: platform.assignments(dataset, task["id"]), tasks),
            strict=True,
        )
        for found in listed
    ]
    ready, refs, ids = _sorted_out(files, tasks, assignments)
    everything = frozenset(ids)
    if len(everything) != len(ids):
        shutil.rmtree(folder, ignore_errors=True)
        raise BackendError("the platform has listed an item twice; the same command reads it anew")
    seen = Mirror(
        project=platform.project(dataset.project_id),
        dataset={
            "id": dataset.id,
            "name": dataset.name,
            "metadata": {"system": {"recipes": dataset.recipes}},
        },
        members=platform.member_list(dataset.project_id),
        recipes=[platform.recipe(recipe) for recipe in dataset.recipes],
        tasks=tasks,
        assignments=assignments,
        refs=refs,
        items=everything if whole else None,
    )
    # What changes while the parts are read is read again by the next pull.
    return Pulled(ready, len(ids), seen, state.newest)


def all_ids(platform: Platform, dataset: Dataset) -> frozenset[str]:
    """Return the ids of every item, for what an incremental pull does not see: items that are gone."""
    return frozenset(item["id"] for item in platform.items(dataset, ()))


def _bounds(platform: Platform, dataset: Dataset, clauses: Sequence[Clause]) -> tuple[int, list[str]]:
    """Return how many items there are, and ids that cut them into ranges of like size."""
    first = platform.item_page(dataset, clauses, 0, size=1)
    total = int(first["totalItemsCount"])
    if total <= PAGE:
        return total, []
    places = [total * part // RANGES for part in range(1, RANGES)]
    pages = platform.together(lambda place: platform.item_page(dataset, clauses, place, size=1), places)
    found = [page["items"][0]["id"] for page in pages if page["items"]]
    return total, sorted(set(found))


def _prepare(folder: Path, state: _State) -> _State:
    """Take up what an interrupted pull of the same has left, or begin anew; return what it is about."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "state.json"
    try:
        old = msgspec.json.decode(file.read_bytes(), type=_State)
    except (OSError, msgspec.DecodeError):
        old = None
    if old is not None and (old.dataset, old.clauses) == (state.dataset, state.clauses):
        return old
    for leftover in folder.glob("items-*.ndjson"):
        leftover.unlink()
    file.write_bytes(msgspec.json.encode(state))
    return state


def _read_range(
    platform: Platform,
    dataset: Dataset,
    clauses: Sequence[Clause],
    low: str,
    high: str | None,
    file: Path,
    count: Callable[[int], None],
) -> None:
    """Append the items from id `low` up to `high` to a file, from where it ends."""
    last, held = _whole_lines(file)
    count(held)
    inside: list[Clause] = list(clauses)
    if low:
        inside.append({"id": {"$gte": low}})
    if high is not None:
        inside.append({"id": {"$lt": high}})
    with file.open("ab") as out:
        while True:
            more = [{"id": {"$gt": last}}] if last is not None else []
            page = platform.item_page(dataset, [*inside, *more], 0)
            items = page["items"]
            annotated = [item["id"] for item in items if item.get("annotationsCount")]
            by_item: dict[str, list[Document]] = {}
            for annotation in platform.annotations_of(dataset, annotated, parallel=False):
                by_item.setdefault(annotation["itemId"], []).append(annotation)
            lines = [
                msgspec.json.encode({**item, "annotations": by_item.get(item["id"], [])}) for item in items
            ]
            out.write(b"".join(line + b"\n" for line in lines))
            out.flush()
            count(len(items))
            if not page["hasNextPage"] or not items:
                return
            last = items[-1]["id"]


def _whole_lines(file: Path) -> tuple[str | None, int]:
    """Cut off a half-written last line, and return the last id and how many lines there are."""
    if not file.exists():
        return None, 0
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        file.write_bytes(whole)
    lines = whole.splitlines()
    return (msgspec.json.decode(lines[-1])["id"] if lines else None), len(lines)


def _sorted_out(
    files: Sequence[Path], tasks: Sequence[Document], assignments: Sequence[tuple[str, Document]]
) -> tuple[tuple[Path, ...], list[PulledRef], list[str]]:
    """Return files to be imported, the places of items in known tasks, and all ids.

    The refs to those tasks leave the documents: a store keeps them in a table of its own.
    """
    names = {str(task["id"]) for task in tasks}
    owners = {str(found["id"]): task for task, found in assignments}
    refs: list[PulledRef] = []
    ids: list[str] = []
    ready = [file.with_suffix(".sorted") for file in files]
    for file, changed in zip(files, ready, strict=True):
        with file.open("rb") as source, changed.open("wb") as out:
            for line in source:
                document = msgspec.json.decode(line)
                ids.append(document["id"])
                own, others = _split(document, names, owners)
                refs += own
                out.write(msgspec.json.encode(others) + b"\n")
    return tuple(file for file in ready if file.stat().st_size), refs, ids


def _split(
    document: Document, tasks: set[str], owners: Mapping[str, str]
) -> tuple[list[PulledRef], Document]:
    metadata = document.get("metadata") or {}
    system = metadata.get("system") or {}
    listed = system.get("refs") or []
    holders = {owners[ref["id"]]: ref["id"] for ref in listed if ref.get("id") in owners}
    own = []
    for ref in listed:
        if ref.get("id") in tasks:
            said = ref.get("metadata") or {}
            own.append(
                PulledRef(
                    document["id"],
                    ref["id"],
                    holders.get(ref["id"]),
                    said.get("status"),
                    said.get("creator"),
                    said.get("timestamp"),
                )
            )
    rest = [ref for ref in listed if ref.get("id") not in tasks and ref.get("id") not in owners]
    return own, {**document, "metadata": {**metadata, "system": {**system, "refs": rest}}}
