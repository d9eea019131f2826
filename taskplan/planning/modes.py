"""Tasks that the platform itself hands out: pulling tasks and quality tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.allocation import quality
from taskplan.allocation.certificate import equal_certificate, share_certificate
from taskplan.allocation.problem import Assignee, Certificate
from taskplan.allocation.shares import asked
from taskplan.dql.evaluate import select
from taskplan.dql.query import Query
from taskplan.dql.short import query_from
from taskplan.errors import InfeasibleError, InputError, QueryError
from taskplan.model.table import ItemTable
from taskplan.planning.document import QUEUE, AllocationRecord, Mode, PackedIds, Share
from taskplan.planning.selection import unknown_fields
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import PullingSpec, QualitySpec, TaskSpec
from taskplan.planning.splitting import fairness_record

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Handed:
    """What the platform is to hand out, and how; the rows it takes (int64[n], rising), and warnings."""

    record: AllocationRecord
    mode: Mode | None
    rows: Rows
    warnings: tuple[str, ...] = ()


def handed_out(
    spec: Spec, task: TaskSpec, path: str, table: ItemTable, rows: Rows, people: tuple[Assignee, ...]
) -> Handed:
    """Return how the platform hands out `rows` (int64[n]) of the table in a pulling or quality task.

    SpecError or InfeasibleError for what the platform refuses, or what cannot be.
    """
    if task.pulling is not None:
        return _pulling(task.pulling, table, rows, people)
    assert task.quality is not None
    try:
        if task.quality.kind == "honeypot":
            return _honeypot(spec, task, task.quality, path, table, rows, people)
        return _copies(task.quality, table, rows, people)
    except InputError as error:
        raise spec.error(error.message, error.path or f"{path}.quality", error.hint) from error


def _pulling(asked_: PullingSpec, table: ItemTable, rows: Rows, people: Sequence[Assignee]) -> Handed:
    record = AllocationRecord(
        strategy="pulling",
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=(Share(QUEUE, len(rows)),),
        items=PackedIds.of(table.ids.take(rows)),
        fairness=fairness_record(equal_certificate([len(rows)], [QUEUE])),
    )
    emails = tuple(person.email for person in people)
    mode = Mode(kind="pulling", people=emails, batch=asked_.batch, maximum=asked_.maximum)
    return Handed(record, mode, np.sort(rows))


def _copies(asked_: QualitySpec, table: ItemTable, rows: Rows, people: Sequence[Assignee]) -> Handed:
    loads = _loads(people)
    if asked_.kind == "qualification":
        found = quality.qualification(len(rows), len(people))
        mode = Mode(kind="qualification", people=_emails(people), copied=found.copied)
    else:
        percent, each = asked_.percent or 100.0, asked_.assignees or len(people)
        found = quality.consensus(len(rows), loads, percent, each)
        mode = Mode(kind="consensus", people=_emails(people), percent=percent, each=each, copied=found.copied)
    parts = [rows[part] for part in found.rows]
    return Handed(_record(asked_.kind, table, parts, people), mode, _each_once(parts))


def _honeypot(
    spec: Spec,
    task: TaskSpec,
    asked_: QualitySpec,
    path: str,
    table: ItemTable,
    rows: Rows,
    people: Sequence[Assignee],
) -> Handed:
    """Mix ground truth among the rows: copies of the platform's own folder, or the items of a filter.

    The platform copies ground truth from one folder only. That of any other filter goes
    to one person each, so that there has to be enough of it for all together.
    """
    percent = asked_.percent or 0.0
    query = ground_truth_query(spec, asked_, path)
    pool = select(query, table)
    raw = rows[~np.isin(rows, pool)]
    mixed = quality.honeypot if asked_.ground_truth is None else _dealt_truth
    try:
        found = mixed(len(raw), len(pool), _loads(people), percent)
    except InputError as error:
        raise InfeasibleError(str(spec.error(error.message, f"{path}.quality"))) from error
    parts = [
        np.concatenate([raw[mine], pool[truth]]) for mine, truth in zip(found.rows, found.truth, strict=True)
    ]
    left = len(rows) - len(raw)
    verb = "is" if left == 1 else "are"
    warnings = [f"{task.title}: {words}" for words in unknown_fields(query, table)]
    if left:
        warnings.append(f"{task.title}: {left:,} of the selected items {verb} ground truth, mixed in as such")
    mode = Mode(kind="honeypot", people=_emails(people), percent=percent, copied=found.copied)
    return Handed(
        msgspec.structs.replace(
            _record("honeypot", table, parts, people), options={"percent": percent, "truth": found.copied}
        ),
        mode if asked_.ground_truth is None else None,
        _each_once(parts),
        tuple(warnings),
    )


def ground_truth_query(spec: Spec, asked_: QualitySpec, path: str) -> Query:
    """Return the query for the ground truth of the honeypot task at `path`; SpecError where it is none."""
    where = asked_.ground_truth
    if where is None:
        where = {"filename": f"{quality.HONEYPOT}/*"}
    try:
        return query_from(where, where=f"{path}.quality.ground_truth", defaults=("type",))
    except QueryError as error:
        raise spec.error(error.message, error.path or f"{path}.quality.ground_truth", error.hint) from error


def _each_once(parts: Sequence[Rows]) -> Rows:
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *parts]))


def _dealt_truth(n_raw: int, n_pool: int, loads: Sequence[float], percent: float) -> quality.Honeypot:
    """Return a honeypot in which every item of the pool goes to one person at most."""
    rows = quality.in_blocks(np.arange(n_raw, dtype=np.int64), loads)
    wanted = [quality.truth_for(len(part), percent) for part in rows]
    if sum(wanted) > n_pool:
        _too_little(percent, sum(wanted), n_pool)
    truth = np.split(np.arange(sum(wanted), dtype=np.int64), np.cumsum(wanted)[:-1])
    return quality.Honeypot(rows, tuple(truth))


def _too_little(percent: float, wanted: int, there: int) -> NoReturn:
    raise InputError(
        f"{percent:g} % of ground truth asks for {wanted:,} items of it, one person each; there are "
        f"{there:,} (the platform makes copies only of what is in {quality.HONEYPOT})"
    )


def _record(
    kind: str, table: ItemTable, parts: Sequence[Rows], people: Sequence[Assignee]
) -> AllocationRecord:
    counts = [len(part) for part in parts]
    certificate = _certificate(counts, people)
    every = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    return AllocationRecord(
        strategy=kind,
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=tuple(Share(person.email, count) for person, count in zip(people, counts, strict=True)),
        items=PackedIds.of(table.ids.take(every)),
        fairness=fairness_record(certificate),
    )


def _certificate(counts: Sequence[int], people: Sequence[Assignee]) -> Certificate:
    return share_certificate(counts, asked(people, sum(counts)).shares, _emails(people))


def _emails(people: Sequence[Assignee]) -> tuple[str, ...]:
    return tuple(person.email for person in people)


def _loads(people: Sequence[Assignee]) -> list[float]:
    """Return percentages as the platform's workload has them; InputError for fixed counts."""
    for person in people:
        if person.count is not None:
            raise InputError(f"{person.email} has a fixed count, but the platform splits by percentages")
        if person.minimum is not None or person.maximum is not None:
            raise InputError(f"{person.email} has a limit, but the platform splits by percentages")
    claims = asked(people, 1).claims
    return [100 * claim / sum(claims) for claim in claims]
