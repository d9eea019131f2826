"""The plan of a snapshot in partitions: a map and a reduce for the selections, and another for who gets what.

The first pass counts what each query selects of each partition. From the counts alone follows which items
make which task of the platform, and the second pass makes each of them where its items are, by the very
code that makes it in one process. The plan is the same, byte for byte, whatever the partitions, and
wherever they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.dql.explain import annotation_fields, item_fields, unknown_paths
from taskplan.dql.nothing import why_nothing
from taskplan.model.snapshots import PartitionedTable
from taskplan.model.store import Progress
from taskplan.model.table import ANNOTATIONS
from taskplan.planning.cautions import overlap_warnings
from taskplan.planning.chunks import chunk_sizes, limited
from taskplan.planning.codec import PLAN_FILE, pieces, seal, write_pieces, write_plan
from taskplan.planning.document import Plan, outline
from taskplan.planning.graph import task_order
from taskplan.planning.partitioned.jobs import Jobs
from taskplan.planning.partitioned.making import Context, Root, make_pieces
from taskplan.planning.partitioned.spooling import Spool
from taskplan.planning.partitioned.surveying import Asked, Surveyed, gathered, survey
from taskplan.planning.planner import make_plan, plan_of
from taskplan.planning.reads import paths_dealt, paths_read
from taskplan.planning.reviews import review_warning
from taskplan.planning.selection import Selected, query_warnings, task_query
from taskplan.planning.spec import Spec
from taskplan.planning.splitting import people_of_parts
from taskplan.planning.summary import distinct_items
from taskplan.planning.work import Work
from taskplan.spread import HERE, Spread

Counts = NDArray[np.int64]
R = TypeVar("R")


class InParts(NamedTuple):
    """A plan without the ids of its items (`PackedIds.data` is empty), and how many items take part."""

    plan: Plan
    items: int


def plan_in_parts(
    spec: Spec,
    table: PartitionedTable,
    *,
    target: Path | None = None,
    seed: int | None = None,
    spread: Spread = HERE,
    progress: Progress | None = None,
    accept: Callable[[str], None] | None = None,
) -> InParts:
    """Make the plan that `make_plan` makes of a snapshot, without ever holding all of it.

    It is written to `target`, and returned without its items.
    `progress` is told how far it is, `accept` the digest before the file is in its place. What `why_whole`
    names is planned by `make_plan` itself. Errors are those of `make_plan`, and PlanError for a `target`
    that is something other than a plan.
    """
    if target is not None:
        PLAN_FILE.check(target)
    if why_whole(spec) is None:
        planning = _Planning(spec, table, spec.seed if seed is None else seed, spread, progress)
        done = planning.plan(target, accept)
        if done is not None:
            return done
    made = make_plan(spec, table, seed=seed)
    if target is not None:
        write_plan(target, made, accept)
    bare = msgspec.structs.replace(made, operations=tuple(map(outline, made.operations)))
    return InParts(bare, distinct_items(made.operations))


def why_whole(spec: Spec) -> str | None:
    """Return why a spec is not planned in parts, in words that name the field; None where it is."""
    _, parents = task_order(spec)
    for index, task in enumerate(spec.tasks):
        path = f"tasks[{index}]"
        if task.existing is not None or (task.of is not None and index not in parents):
            return f"{path} is about a task that exists already"
        if task.items is not None:
            return f"{path}.items lists items one by one"
        if task.quality is not None and task.quality.kind == "honeypot":
            return f"{path}.quality mixes in ground truth from anywhere"
        if index not in parents and task_query(spec, task, path).sort:
            return f"{path}.filter sorts"
        if index in parents:
            if parents[index] in parents:
                return f"{path} reviews a review"
            if task.limit is not None:
                return f"{path}.limit is of a review"
            if any(not isinstance(person, str) and person.count is not None for person in task.assignees):
                return f"{path}.assignees have counts in a review"
    return None


class _Planning:
    """One run of the two passes."""

    def __init__(
        self, spec: Spec, table: PartitionedTable, seed: int, spread: Spread, progress: Progress | None
    ) -> None:
        self.spec, self.table, self.seed = spec, table, seed
        self.spread, self.progress = spread, progress
        self.order, self.parents = task_order(spec)
        self.queries = {
            index: task_query(spec, task, f"tasks[{index}]")
            for index, task in enumerate(spec.tasks)
            if index not in self.parents or task.filter is not None
        }
        self.roots = [index for index in self.order if index not in self.parents]
        self.said: dict[int, list[str]] = {index: [] for index in self.order}
        self.overlaps: list[str] = []
        self.items = 0

    def plan(self, target: Path | None, accept: Callable[[str], None] | None) -> InParts | None:
        """Return the plan without its items; None where operations that say the same must be numbered."""
        if not self.table.checked:
            # Asking for all ids is how it is seen that none comes twice.
            _ = self.table.ids
        paths = {path for index in self.order for path in self._paths(index)}
        counts, surveyed = self._survey(paths)
        work = Work(self.spec, surveyed, None, self.seed, paths=paths)
        roots = [
            self._root(work, index, counts[:, place], surveyed.shared)
            for place, index in enumerate(self.roots)
        ]
        with Spool(len(self.spec.tasks), None if target is None else _folder_of(target)) as spool:
            self._make(work, roots, counts, spool)
            operations = spool.outlines()
            if len({o.id for o in operations} | {o.key for o in operations}) < 2 * len(operations):
                return None
            work.warnings += [words for index in self.order for words in self.said[index]]
            work.warnings += self.overlaps
            plan = plan_of(work, operations)
            if target is None:
                return InParts(seal(plan, spool.lines()), self.items)
            digest = write_pieces(target, lambda: pieces(plan, spool.lines()), accept)
            return InParts(msgspec.structs.replace(plan, digest=digest), self.items)

    def _paths(self, index: int) -> frozenset[str]:
        return paths_read(self.spec, index, planned=index in self.parents)

    def _survey(self, paths: set[str]) -> tuple[Counts, Surveyed]:
        fields = {
            *(path for query in self.queries.values() for path in item_fields(query)),
            *(ANNOTATIONS + path for query in self.queries.values() for path in annotation_fields(query)),
        }
        asked = Asked(tuple(self.queries[index] for index in self.roots), tuple(sorted(paths | fields)))
        told = self.spread.map(partial(survey, asked), self.table.partitions)
        total = len(self.table.partitions)
        counts, facts = gathered(self._counted(told, 0, 2 * total), asked)
        return counts, Surveyed(self.table, facts)

    def _root(self, work: Work, index: int, counts: Counts, shared: frozenset[tuple[int, int]]) -> Root:
        """Return a task that takes items of a query, cut into pieces by the counts of each partition.

        `shared` are the pairs of roots, by place, that have an item in common.
        """
        task, path, query = self.spec.tasks[index], f"tasks[{index}]", self.queries[index]
        matched, nothing = int(counts.sum()), None
        if not matched and not unknown_paths(query, work.table):
            nothing = why_nothing(query, work.table)
        selected = Selected(
            np.zeros(0, dtype=np.int64),
            "filter" if task.filter is not None else "dataset",
            query,
            tuple(query_warnings(query, task, work.table)),
            nothing,
        )
        kept = limited(work, task, selected, matched)
        self.said[index] += work.warnings
        work.warnings.clear()
        sizes = chunk_sizes(self.spec, task, path, kept)
        reviews = tuple(child for child in self.order if self.parents.get(child) == index)
        paths = paths_dealt(self.spec, index).union(*map(self._paths, reviews))
        return Root(
            index,
            query,
            selected.record(task.limit, matched),
            tuple(np.cumsum(sizes, dtype=np.int64).tolist()),
            tuple(people_of_parts(self.spec, task, path, sizes)),
            reviews,
            tuple(sorted(one for one, other in shared if other == self.roots.index(index))),
            tuple(sorted(paths)),
        )

    def _make(self, work: Work, roots: list[Root], counts: Counts, spool: Spool) -> None:
        """Have all operations made; keep their lines, and what is to be said of them."""
        reviewers = {}
        for root in roots:
            task = self.spec.tasks[root.index]
            copies = 1 if task.quality is not None or task.pulling is not None else task.overlap
            for index in root.reviews:
                places = [1] * (len(root.ends) * copies)
                people = people_of_parts(self.spec, self.spec.tasks[index], f"tasks[{index}]", places)
                reviewers[index] = people[0] if people else ()
                if index in self.queries:
                    self.said[index] += query_warnings(
                        self.queries[index], self.spec.tasks[index], work.table
                    )
        context = Context(
            self.spec,
            self.seed,
            tuple(roots),
            reviewers,
            self.table.known_paths(),
            self.table.annotations().known_paths() if self._asks_annotations() else None,
        )
        jobs = Jobs(roots, counts, self.table.partitions)
        done = self.spread.map(partial(make_pieces, context), jobs.each(self.spread))
        before = len(self.table.partitions)
        for found in self._counted(done, before, before + len(jobs)):
            for piece in found:
                root = roots[piece.root]
                for made in piece.made:
                    spool.add(made)
                for index, warnings in piece.warnings.items():
                    self.said[index] += warnings
                self.items += piece.fresh
                shared = [0] * len(self.spec.tasks)
                for place, count in zip(root.others, piece.shared, strict=True):
                    shared[roots[place].index] = count
                self.overlaps += overlap_warnings(self.spec, root.index, shared)
        for index in self.parents:
            self.said[index].append(review_warning(work, index, some=spool.has(index)))

    def _asks_annotations(self) -> bool:
        return any(ANNOTATIONS in path for index in self.order for path in self._paths(index))

    def _counted(self, results: Iterable[R], before: int, total: int) -> Iterator[R]:
        """Yield results, and tell how far the work is: so many pieces `before` of a `total`."""
        for number, result in enumerate(results, start=before + 1):
            if self.progress is not None:
                self.progress(number, total)
            yield result


def _folder_of(target: Path) -> Path | None:
    """Return where there is room for as much as a file will hold; None for a pipe, which is no file."""
    return None if target.exists() and not target.is_file() else target.resolve().parent
