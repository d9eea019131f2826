"""What items ask of people, from the spec: skills and exclusions by filter, or skills named by a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.numbering import distinct
from taskplan.allocation.problem import Assignee, Need
from taskplan.dql.evaluate import evaluate
from taskplan.dql.query import Query
from taskplan.dql.short import query_from
from taskplan.errors import QueryError
from taskplan.model.table import ItemTable
from taskplan.planning.selection import unknown_fields
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import NeedSpec, TaskSpec


@dataclass(frozen=True, slots=True)
class Needs:
    """`codes` (int64[n]) index `needs`; `warnings` in words."""

    codes: NDArray[np.int64]
    needs: tuple[Need, ...]
    warnings: tuple[str, ...] = ()


def needs_of(spec: Spec, task: TaskSpec, path: str, items: ItemTable) -> Needs | None:
    """Return what each of the task's items needs; None where the task asks for nothing."""
    if isinstance(task.needs, str):
        return _by_field(task.needs, items)
    if not task.needs:
        return None
    warnings: list[str] = []
    masks: list[NDArray[np.bool_]] = []
    for index, need in enumerate(task.needs):
        query = need_query(spec, need, f"{path}.needs[{index}].where")
        warnings += unknown_fields(query, items) if query is not None else []
        mask = np.ones(len(items), dtype=np.bool_) if query is None else evaluate(query, items)
        if len(items) and not mask.any():
            warnings.append(f"needs[{index}] matches no item of the task")
        masks.append(mask)
    stated = [
        Need(frozenset(need.skills), frozenset(who.lower() for who in need.exclude)) for need in task.needs
    ]
    united, codes = [Need()], np.zeros(len(items), dtype=np.int64)
    for asked, mask in zip(stated, masks, strict=True):
        # Everything asked so far goes on without this need (even codes) and with it (odd ones), where found.
        found = distinct(2 * codes + mask)
        united = [_union([united[code // 2], asked][: 1 + code % 2]) for code in found.values.tolist()]
        codes = found.places
    return Needs(codes, tuple(united), tuple(warnings))


def need_query(spec: Spec, need: NeedSpec, where: str) -> Query | None:
    """Return the query of what a spec needs, at `where` in it; None where it is asked of all items."""
    try:
        return query_from(need.where, where=where, defaults=()) if need.where is not None else None
    except QueryError as error:
        raise spec.error(error.message, error.path or where, error.hint) from error


def apart(
    needs: Needs | None,
    holder: NDArray[np.int64],
    holders: Sequence[str],
    people: Sequence[Assignee],
    overlap: int = 1,
) -> tuple[Needs, int]:
    """Return needs that keep everyone from what they hold (`holder` int64[n], -1: nobody), where avoidable.

    And how many items this cannot be had for: nobody else may have them.
    """
    base = needs or Needs(np.zeros(len(holder), dtype=np.int64), (Need(),))
    alone = [Need(excluded=frozenset({who.lower()})) for who in holders]
    pairs = distinct(base.codes * (len(holders) + 1) + (holder + 1))
    plain, wished = [], []
    for pair in pairs.values.tolist():
        need, who = divmod(pair, len(holders) + 1)
        plain.append(base.needs[need])
        wished.append(_union([base.needs[need], alone[who - 1]]) if who else base.needs[need])
    met = admitted(wished, people).sum(axis=1) >= overlap
    united = [wish if can else need for need, wish, can in zip(plain, wished, met.tolist(), strict=True)]
    return Needs(pairs.places, tuple(united), base.warnings), int(pairs.counts[~met].sum())


def _by_field(path: str, items: ItemTable) -> Needs:
    """Take the texts that a field reaches for names of skills."""
    column = items.column(path)
    skills = [frozenset(_texts(reached)) for reached in column.values]
    distinct = list(dict.fromkeys([*skills, frozenset[str]()]))
    place = {found: index for index, found in enumerate(distinct)}
    codes = np.array([place[found] for found in [*skills, frozenset[str]()]], dtype=np.int64)
    warnings = () if any(distinct) or column.exists_nowhere else (f'"{path}" names no skill of any item',)
    needs = tuple(Need(found) for found in distinct)
    return Needs(codes[column.codes], needs, warnings)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)


def _union(needs: Sequence[Need]) -> Need:
    return Need(
        frozenset().union(*(need.skills for need in needs)),
        frozenset().union(*(need.excluded for need in needs)),
    )
