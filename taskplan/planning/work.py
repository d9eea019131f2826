"""A plan in the making: what is known so far, and the operations made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.entities import TaskState
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation
from taskplan.planning.keys import free_id, operation_key
from taskplan.planning.selection import Resolver
from taskplan.planning.spec import Spec


@dataclass(slots=True)
class Part:
    """One operation, with the rows that it takes (each once, also where several people get it).

    `holder` (int64[n]) tells who gets each row, by place among the shares, where that is at hand.
    """

    operation: Operation
    rows: NDArray[np.int64]
    holder: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """The task that a task reviews or changes: id, or operation of this plan, and name if it exists.

    `existing` is that task where it exists, `parent` the part where it is of this plan.
    """

    task: str | None = None
    name: str | None = None
    depends_on: tuple[str, ...] = ()
    existing: TaskState | None = None
    parent: Part | None = None


@dataclass(slots=True)
class Work:
    """The spec, the snapshot, and what has been made of them; `parts` by index of the task."""

    spec: Spec
    table: ItemTable
    resolver: Resolver | None
    seed: int
    warnings: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    parts: dict[int, list[Part]] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    made: dict[str, Operation] = field(default_factory=dict)

    def all_parts(self) -> Iterator[Part]:
        """Yield the parts made so far."""
        return (part for parts in self.parts.values() for part in parts)

    def keyed(self, draft: Operation) -> Operation:
        """Give an operation its key (what it does, digested) and its id; numbers tell equal ones apart."""
        after = [self.made[needed].key for needed in draft.depends_on]
        key = partial(
            operation_key, draft, project=self.table.project, dataset=self.table.dataset, after=after
        )
        plain = key()
        self.used[plain] += 1
        again = self.used[plain]
        name = free_id(draft.id, self.names)
        self.names.add(name)
        operation = msgspec.structs.replace(draft, key=plain if again == 1 else key(again=again), id=name)
        self.made[name] = operation
        return operation
