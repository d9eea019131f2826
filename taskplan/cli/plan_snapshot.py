"""`plan --from` a snapshot: without a store, in parts, here or on a cluster."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from taskplan.cli import options, output

if TYPE_CHECKING:
    from taskplan.model.table import ItemTable
    from taskplan.planning.document import Plan
    from taskplan.planning.partitioned import InParts
    from taskplan.planning.spec import Spec
    from taskplan.simulation.meeting import Met
    from taskplan.spread import Spread


Meeting = tuple[Path, str | None]
"""The file of a workforce, and when the work begins."""


def plan_snapshot(
    spec: Spec,
    location: str,
    spread: Spread,
    *,
    dataset: str | None,
    target: Path | None,
    seed: int | None,
    meeting: Meeting | None,
) -> tuple[InParts, Met | None]:
    """Plan for the items of a snapshot, and write the plan to `target`.

    With `meeting` due dates are kept as `meet_due` does it.
    """
    from taskplan.model.snapshots import open_snapshot
    from taskplan.model.snapshots.places import is_url
    from taskplan.planning.codec import write_plan
    from taskplan.planning.partitioned import InParts, plan_in_parts, why_whole
    from taskplan.planning.summary import distinct_items
    from taskplan.spread import HERE

    if not is_url(location) and spread is not HERE:
        # Workers have working folders of their own.
        location = str(Path(location).absolute())
    table = open_snapshot(location, spread=spread, dataset=dataset or spec.dataset)
    accept = None if target is None else partial(_keep_applied, target)
    if meeting is not None:
        met = _met(spec, table, spread, seed, meeting)
        if target is not None:
            write_plan(target, met.plan, accept)
        return InParts(met.plan, distinct_items(met.plan.operations)), met
    if (why := why_whole(spec)) is not None:
        output.say(f"{why}, so that who gets what is decided here, from the columns of all items")
    with output.progress("planning") as progress:
        made = plan_in_parts(
            spec, table, target=target, seed=seed, spread=spread, progress=progress, accept=accept
        )
    return made, None


def _met(spec: Spec, table: ItemTable, spread: Spread, seed: int | None, meeting: Meeting) -> Met:
    from taskplan.planning.planner import make_plan
    from taskplan.simulation.meeting import meet_due
    from taskplan.simulation.workforce_file import read_workforce

    file, start = meeting
    made = make_plan(spec, table, seed=seed)
    people = [person for operation in made.operations for person in operation.people]
    workforce = read_workforce(file).resolve(people, options.moment_of(start, "--start"))

    def replan(changed: Spec) -> Plan:
        return make_plan(changed, table, seed=seed)

    return meet_due(spec, workforce, replan, table=table, spread=spread)


def _keep_applied(target: Path, digest: str) -> None:
    """Refuse to write over a plan that was applied to the usual store."""
    store = options.usual_store()
    if store.exists():
        options.keep_applied(target, store, digest)
