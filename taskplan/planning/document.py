"""The plan as data: what is in the file, no more. Reading and writing it is `codec`'s work."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from taskplan.model.ids import ItemIds

FORMAT = 1

Action = Literal["create_task", "add_items", "move_items"]
ModeKind = Literal["pulling", "consensus", "honeypot", "qualification"]
QUEUE = ""
"""Who has the items of a pulling task in the plan: nobody yet."""
SelectionSource = Literal["filter", "items", "dataset", "finished", "planned", "held"]


class PackedIds(msgspec.Struct, frozen=True):
    """Item ids in one string; see `ItemIds.encode`."""

    encoding: str
    count: int
    data: str

    @classmethod
    def of(cls, ids: ItemIds) -> PackedIds:
        encoding, data = ids.encode()
        return cls(encoding, len(ids), data)

    def unpack(self) -> ItemIds:
        return ItemIds.decode(self.encoding, self.data, self.count)


class Share(msgspec.Struct, frozen=True, omit_defaults=True):
    """One assignee's number of items, and their effort where items differ in it."""

    assignee: str
    items: int
    effort: float | None = None


class NeedRecord(msgspec.Struct, frozen=True):
    """So many `items` ask for these `skills` and exclude these people; `people` may have them."""

    items: int
    skills: tuple[str, ...]
    excluded: tuple[str, ...]
    people: tuple[str, ...]


class Fairness(msgspec.Struct, frozen=True):
    """The certificate of an allocation; see `taskplan.allocation.problem.Certificate`."""

    measures: dict[str, float | str]
    objective: str
    value: float
    bound: float
    ratio: float
    optimal: bool


class AllocationRecord(msgspec.Struct, frozen=True):
    """Who gets what: `items` lists ids person by person in the order of `shares`.

    `effort` is the spec's words for what an item takes, `needs` what items ask of people.
    """

    strategy: str
    options: dict[str, Any]
    ordering: str
    ordering_path: str | None
    shares: tuple[Share, ...]
    items: PackedIds
    fairness: Fairness
    effort: str | None = None
    needs: tuple[NeedRecord, ...] = ()


class Selection(msgspec.Struct, frozen=True):
    """How the items were found: `query` is the DQL envelope, None for a list of items.

    `planned` (a QA task over a task of the same spec) takes that task's planned
    items, finished or not; `held` are the items that an existing task has. `matched`
    counts items before `limit`.
    """

    source: SelectionSource
    query: dict[str, Any] | None
    matched: int
    limit: int | None = None


PRIORITY_NAMES = {1: "low", 2: "medium", 3: "high"}


class TaskFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform records of a task, in its own words where it has one.

    `due` milliseconds since 1970 UTC; `priority` 1, 2, 3; `parent` is the
    operation id or the task id that a QA task reviews; `workload` maps
    assignee to percent where the spec gave percentages; `actions` are the item
    actions (custom statuses) in the platform's form.
    """

    name: str
    type: Literal["annotation", "qa"] = "annotation"
    due: float | None = None
    priority: int = 2
    owner: str | None = None
    recipe: str | None = None
    parent: str | None = None
    workload: dict[str, float] | None = None
    actions: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = {}


class Mode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a task hands out its items, where that is not one person an item.

    pulling: the items wait in a queue (the allocation gives them to `QUEUE`), and
    `people` take `batch` at a time, up to `maximum` open ones.
    consensus: `percent` of the items go to `each` people. honeypot: `percent` of
    what everyone gets is ground truth. qualification: everyone gets all. In these
    three the allocation lists whose copy is of which item, as originals; `copied`
    counts the copies that the platform makes.
    """

    kind: ModeKind
    people: tuple[str, ...]
    batch: int | None = None
    maximum: int | None = None
    percent: float | None = None
    each: int | None = None
    copied: int = 0


class MoveRecord(msgspec.Struct, frozen=True):
    """So many items go from `giver` (None: from nobody) to `taker`."""

    giver: str | None
    taker: str
    items: int


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan.

    `id` is unique in the plan (``create:train``), `key` unique in the world:
    derived from what the plan says, and what makes replay happen once.
    `target` is the id of the existing task of an ``add_items``; `about` is, for
    people, the name of that task, or of the existing task that a QA task reviews.
    The allocation of a ``move_items`` lists what changes hands, by taker and then by
    giver in the order of `moves`; `target` is the task in which it happens.
    """

    id: str
    key: str
    action: Action
    depends_on: tuple[str, ...] = ()
    task: TaskFields | None = None
    target: str | None = None
    about: str | None = None
    selection: Selection
    allocation: AllocationRecord
    mode: Mode | None = None
    moves: tuple[MoveRecord, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who works on it, by e-mail."""
        return self.mode.people if self.mode else tuple(share.assignee for share in self.allocation.shares)

    @property
    def title(self) -> str:
        """The task's name, for people."""
        return self.task.name if self.task else self.about or str(self.target)

    def items_by_assignee(self) -> dict[str, ItemIds]:
        """Return each assignee's planned ids, in the order of the shares."""
        ids = self.allocation.items.unpack()
        result: dict[str, ItemIds] = {}
        start = 0
        for share in self.allocation.shares:
            result[share.assignee] = ids[start : start + share.items]
            start += share.items
        return result


def outline(operation: Operation) -> Operation:
    """Return an operation without the ids of its items; how many they are is kept."""
    items = msgspec.structs.replace(operation.allocation.items, data="")
    return msgspec.structs.replace(
        operation, allocation=msgspec.structs.replace(operation.allocation, items=items)
    )


class SnapshotRecord(msgspec.Struct, frozen=True):
    """What the plan was made from; `paths` are the columns that the fingerprint covers."""

    project: str
    dataset: str
    items: int
    fingerprint: str
    paths: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole plan. `digest` (``sha256:…``) covers every byte of the file but itself."""

    digest: str
    format: int = FORMAT
    taskplan: str
    seed: int
    spec: dict[str, Any]
    snapshot: SnapshotRecord
    warnings: tuple[str, ...] = ()
    operations: tuple[Operation, ...]

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        # An import that runs upwards: only a notebook asks, and pages are above plans.
        from taskplan.report.notebook import plan_fragment

        return plan_fragment(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print what IPython's terminal shows: a line, as all items of a plan are many pages."""
        from taskplan.planning.summary import plan_heading
        from taskplan.text import clean

        printer.text(clean(plan_heading(self)))
