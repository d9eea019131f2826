"""Tasks whose items the platform hands out itself, as a plan words them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from taskplan.allocation.quality import KINDS
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.planning.document import QUEUE, Mode
from taskplan_sqlite.platform import reading
from taskplan_sqlite.platform.quality import copies_of


@dataclass(frozen=True, slots=True)
class Handed:
    """How a task hands its items out, and who has what, by e-mail, originals in place of copies."""

    mode: Mode
    shares: Mapping[str, ItemIds]


def handed_in(connection: sqlite3.Connection, task: TaskState) -> Handed | None:
    """Return how a quality or pulling task was handed out; None for a task of another kind."""
    mode = mode_of(task)
    if mode is None:
        return None
    if mode.kind == "pulling":
        return Handed(mode, {QUEUE: ItemIds.of(reading.holders(connection, task.id))})
    held = reading.held_originals(connection, task.id)
    copied = len(copies_of(connection, task.id))
    nothing = ItemIds.of(())
    shares = {who: held.get(who, nothing) for who in dict.fromkeys([*mode.people, *held])}
    people = tuple(shares)
    return Handed(msgspec.structs.replace(mode, people=people, copied=copied), shares)


def mode_of(task: TaskState) -> Mode | None:
    """Return what a task's system metadata says of it; None where it is an ordinary task's."""
    system = (task.document.get("metadata") or {}).get("system") or {}
    said = system.get("allowedAssignees") or [a.assignee for a in task.assignments]
    people = tuple(str(who).lower() for who in said)
    if system.get("batchSize") is not None:
        batch, most = int(system["batchSize"]), int(system["maxBatchWorkload"])
        return Mode(kind="pulling", people=people, batch=batch, maximum=most)
    kind = system.get("consensusTaskType")
    if kind not in KINDS:
        return None
    if kind == "qualification":
        return Mode(kind=kind, people=people)
    percent = float(system.get("consensusPercentage") or 100)
    if kind == "honeypot":
        return Mode(kind=kind, people=people, percent=percent)
    each = int(system.get("consensusAssignees") or len(people))
    return Mode(kind=kind, people=people, percent=percent, each=each)
