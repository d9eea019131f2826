"""Which rows of the snapshot a task of a spec asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from taskplan.dql.evaluate import evaluate, select
from taskplan.dql.explain import unknown_paths
from taskplan.dql.nothing import why_nothing
from taskplan.dql.query import (
    And,
    Element,
    Equal,
    Exists,
    Field,
    Query,
    annotation_paths,
    item_paths,
    to_json,
)
from taskplan.dql.short import SDK_PAGE, query_from
from taskplan.errors import InputError, NotFoundError, QueryError, did_you_mean
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.paths import REFS
from taskplan.model.table import ANNOTATIONS, ItemTable
from taskplan.planning.document import Selection, SelectionSource
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import ItemList, TaskSpec


class Resolver(Protocol):
    """Knows the tasks and people that exist already; a backend is one."""

    def task(self, dataset: str, name_or_id: str) -> TaskState: ...

    def members(self, dataset: str) -> frozenset[str] | None: ...


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows int64[m] in selection order, how they were found, and warnings."""

    rows: NDArray[np.int64]
    source: SelectionSource
    query: Query | None
    warnings: tuple[str, ...] = ()
    nothing: str | None = None
    """Why nothing was selected, where that is so and no unknown path says it."""

    def record(self, limit: int | None, matched: int | None = None) -> Selection:
        """Return what a plan keeps of it: the query without paging; `matched` rows, these where None."""
        query = None if self.query is None else to_json(self.query)
        if query is not None:
            query = {name: value for name, value in query.items() if name not in ("page", "pageSize")}
        return Selection(self.source, query, len(self.rows) if matched is None else matched, limit)


def task_query(spec: Spec, task: TaskSpec, path: str) -> Query:
    """Return the query of a task's filter; the whole dataset, as the SDK has it, where there is none."""
    try:
        return query_from(task.filter if task.filter is not None else {}, where=f"{path}.filter")
    except QueryError as error:
        raise spec.error(error.message, error.path or f"{path}.filter", error.hint) from error


def select_by_query(spec: Spec, task: TaskSpec, path: str, table: ItemTable) -> Selected:
    """Select by filter, or everything."""
    query = task_query(spec, task, path)
    rows = select(query, table)
    return Selected(
        rows,
        "filter" if task.filter is not None else "dataset",
        query,
        tuple(query_warnings(query, task, table)),
        why_nothing(query, table) if not len(rows) and not unknown_paths(query, table) else None,
    )


def select_listed(spec: Spec, task: TaskSpec, path: str, table: ItemTable) -> Selected:
    """Select listed ids or filenames, in their order; SpecError for one that is not there or comes twice."""
    assert task.items is not None
    kind, wanted = _listed(task.items)
    place = f"{path}.items.{kind}s"
    if kind == "id":
        found = table.ids.rows_of(ItemIds.of(wanted))
    else:
        found = _rows_of_filenames(spec, place, table, wanted)
    seen: dict[str, int] = {}
    for index, name in enumerate(wanted):
        if name in seen:
            raise spec.error(f"{name} is listed twice", f"{place}[{index}]")
        seen[name] = index
    missing = np.flatnonzero(found < 0)
    if len(missing):
        first = int(missing[0])
        more = f" (and {len(missing) - 1:,} more)" if len(missing) > 1 else ""
        candidates = _texts(table, "filename") if kind == "filename" else []
        raise spec.error(
            f"{table.dataset} has no item with the {kind} {wanted[first]}{more}",
            f"{place}[{first}]",
            did_you_mean(wanted[first], candidates),
        )
    return Selected(found, "items", None)


def _listed(items: ItemList) -> tuple[str, list[str]]:
    return ("id", items.ids) if items.ids is not None else ("filename", items.filenames or [])


def select_finished(spec: Spec, task: TaskSpec, path: str, table: ItemTable, parent: TaskState) -> Selected:
    """Select the finished items of an existing task: those with a status on its ref, as the SDK does."""
    asked = task_query(spec, task, path)
    query = Query(
        filter=And((asked.filter, finished_query(parent.id).filter)),
        join=asked.join,
        intersect=asked.intersect,
        except_=asked.except_,
        sort=asked.sort,
    )
    return Selected(
        select(query, table),
        "finished",
        query,
        tuple(query_warnings(asked, task, table)),
    )


def finished_query(task: str) -> Query:
    """Return the query for items that have a status in the task with this id."""
    status = Field("metadata", Element(And((Field("status", Exists(True)),)), explicit=False))
    ref = And((Field("id", Equal(task)), Field("type", Equal("task")), status))
    return Query(filter=Field(REFS, Element(ref, explicit=True)))


def select_planned(
    spec: Spec, task: TaskSpec, path: str, table: ItemTable, planned: NDArray[np.int64]
) -> Selected:
    """Select those of a task's planned rows that the QA task's filter keeps or its list names.

    SpecError for a listed item that is not planned there.
    """
    if task.items is not None:
        listed = select_listed(spec, task, path, table)
        strangers = np.flatnonzero(~np.isin(listed.rows, planned))
        if len(strangers):
            kind, names = _listed(task.items)
            first = int(strangers[0])
            raise spec.error(
                f"{names[first]} is not among the items of {task.of}", f"{path}.items.{kind}s[{first}]"
            )
        return replace(listed, source="planned")
    if task.filter is None:
        return Selected(planned, "planned", None)
    query = task_query(spec, task, path)
    kept = planned[evaluate(query, table)[planned]]
    return Selected(kept, "planned", query, tuple(query_warnings(query, task, table)))


def find_task(spec: Spec, resolver: Resolver | None, dataset: str, name: str, path: str) -> TaskState:
    """Return an existing task; SpecError with the nearest name of the spec or the store."""
    try:
        if resolver is None:
            raise NotFoundError(f'there is no task "{name}"')
        return resolver.task(dataset, name)
    except NotFoundError as error:
        mine = [
            task.name
            for index, task in enumerate(spec.tasks)
            if task.name and not path.startswith(f"tasks[{index}].")
        ]
        raise spec.error(error.message, path, error.hint or did_you_mean(name, mine)) from error
    except InputError as error:
        raise spec.error(error.message, path, error.hint) from error


def query_paths(query: Query) -> frozenset[str]:
    """Return the columns that a query depends on, those of annotations marked as such."""
    return frozenset((*item_paths(query), *(ANNOTATIONS + path for path in annotation_paths(query))))


def query_warnings(query: Query, task: TaskSpec, table: ItemTable) -> list[str]:
    """Say what of a task's filter is not as it looks."""
    warnings = [f"{task.title}: {words}" for words in unknown_fields(query, table)]
    if (query.page, query.page_size) not in ((None, None), SDK_PAGE):
        warnings.append(f"{task.title}: the page of the filter plays no part in a task; limit does")
    if task.filter is not None and _has_apostrophe(to_json(query)):
        warnings.append(
            f"{task.title}: the filter holds an apostrophe, which the platform's SDK turns into a quotation "
            "mark; only a replay by item ids keeps its meaning"
        )
    return warnings


def unknown_fields(query: Query, table: ItemTable) -> list[str]:
    """Say which fields of a query no item has, with the nearest that there is."""
    return [
        f'no item has "{name}"' + (f'; did you mean "{near}"?' if near else "")
        for name, near in unknown_paths(query, table)
    ]


def _has_apostrophe(value: Any) -> bool:
    if isinstance(value, dict):
        return any("'" in name or _has_apostrophe(entry) for name, entry in value.items())
    if isinstance(value, list):
        return any(map(_has_apostrophe, value))
    return isinstance(value, str) and "'" in value


def _texts(table: ItemTable, path: str) -> list[str]:
    return [reached[0] for reached in table.column(path).values if reached and isinstance(reached[0], str)]


def _rows_of_filenames(spec: Spec, place: str, table: ItemTable, wanted: list[str]) -> NDArray[np.int64]:
    """Return each filename's row, -1 where there is none; SpecError for one that several items have."""
    column = table.column("filename")
    codes = {reached[0]: code for code, reached in enumerate(column.values) if reached}
    asked = [codes.get(name, -1) for name in wanted]
    rows = np.full(len(column.values) + 1, -1, dtype=np.int64)
    rows[column.codes] = np.arange(len(column), dtype=np.int64)
    times = np.bincount(column.codes, minlength=len(rows))
    for index, code in enumerate(asked):
        if code >= 0 and times[code] > 1:
            raise spec.error(
                f"{times[code]} items have the filename {wanted[index]}",
                f"{place}[{index}]",
                "list ids instead",
            )
    return np.array([rows[code] if code >= 0 else -1 for code in asked], dtype=np.int64)
