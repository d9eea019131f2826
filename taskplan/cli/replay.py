"""`rehearse`, `apply`, `verify` and `undo`: performing plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskplan.cli import options, output, views

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.replay.executor import ReplayReport
    from taskplan.replay.verify import Verification


ACTOR = "taskplan@localhost"


actor_option = click.option(
    "--actor",
    default=ACTOR,
    show_default=True,
    callback=options.check_email,
    help="E-mail recorded as the creator.",
)


drift_option = click.option("--allow-drift", is_flag=True, help="Leave out what no longer holds, and go on.")


@click.command()
@options.plan_argument
@options.store_option
@drift_option
@actor_option
@options.json_option
def rehearse(plan_file: Path, store: Path, allow_drift: bool, actor: str, as_json: bool) -> None:
    """Perform a plan on a throwaway copy of the store and verify it; the store stays as it is."""
    plan = options.load_plan(plan_file)
    rehearse_and_show(plan, store, as_json=as_json, actor=actor, allow_drift=allow_drift)


def rehearse_and_show(
    plan: Plan,
    store: Path,
    *,
    as_json: bool,
    quiet: bool = False,
    actor: str = ACTOR,
    allow_drift: bool = False,
) -> None:
    """Rehearse and print the outcome; exit 1 where the copy does not match the plan afterwards."""
    from taskplan.replay.rehearse import rehearse_plan

    with options.using_backend("sqlite", store) as backend, output.progress("rehearsing") as progress:
        report, verification = rehearse_plan(
            plan, backend, actor=actor, clock=options.now, allow_drift=allow_drift, on_progress=progress
        )
    if not quiet:
        print_report("rehearsed", plan, report, verification, as_json=as_json)
    if not verification.ok:
        sys.exit(1)


@click.command()
@options.plan_argument
@options.store_option
@options.backend_option
@drift_option
@actor_option
@options.yes_option
@options.json_option
def apply(
    plan_file: Path, store: Path, backend: str, allow_drift: bool, actor: str, yes: bool, as_json: bool
) -> None:
    """Perform a plan, exactly once: a second apply does nothing, a killed one continues."""
    from taskplan.replay.executor import apply_plan
    from taskplan.replay.journal import Journal

    plan = options.load_plan(plan_file)
    with options.using_backend(backend, store) as opened:
        if not opened.describe().local and not yes:
            output.show(*views.plan_view(plan))
            click.confirm("Apply this plan to a live backend?", abort=True, err=True)
        with Journal(store) as journal, output.progress("applying") as progress:
            report = apply_plan(
                plan,
                opened,
                journal,
                actor=actor,
                clock=options.now,
                allow_drift=allow_drift,
                on_progress=progress,
            )
    print_report("applied", plan, report, report.verification, as_json=as_json)
    if not report.verification.ok:
        sys.exit(1)


@click.command()
@options.plan_argument
@options.store_option
@options.backend_option
@options.json_option
def verify(plan_file: Path, store: Path, backend: str, as_json: bool) -> None:
    """Read back what a plan created and compare it with the plan, item by item."""
    from taskplan.replay.journal import read_entries
    from taskplan.replay.order import as_performed
    from taskplan.replay.verify import verify_plan

    plan = options.load_plan(plan_file)
    with options.using_backend(backend, store) as opened:
        entries = read_entries(store, [operation.key for operation in plan.operations])
        operations = as_performed(plan, entries)
        result = verify_plan(plan, opened, operations=operations)
    items = views.distinct_items(operations)
    left_out = sum(o.allocation.items.count for o in plan.operations) - sum(
        o.allocation.items.count for o in operations
    )
    if as_json:
        output.print_json({"ok": result.ok, "left_out": left_out, "differences": list(result.differences)})
    elif result.ok:
        output.tell(
            f"verified: {output.plural(items, 'item')} {'is' if items == 1 else 'are'} with the people "
            f"that the plan names{_less(left_out)}"
        )
    else:
        for line in result.differences:
            output.tell(line)
    if not result.ok:
        sys.exit(1)


@click.command()
@options.plan_argument
@options.store_option
@options.backend_option
@click.option("--discard-work", is_flag=True, help="Remove tasks that people have worked on, too.")
@options.json_option
def undo(plan_file: Path, store: Path, backend: str, discard_work: bool, as_json: bool) -> None:
    """Remove exactly what a plan created, and nothing else."""
    from taskplan.replay.journal import Journal
    from taskplan.replay.undo import undo_plan

    plan = options.load_plan(plan_file)
    with options.using_backend(backend, store) as opened, Journal(store) as journal:
        report = undo_plan(plan, opened, journal, clock=options.now, discard_work=discard_work)
    if as_json:
        output.print_json(report.to_json())
        return
    titles = {operation.id: operation.title for operation in plan.operations}
    output.warn(
        [
            f"{titles[name]} was made by plan {views.short_digest(digest)}, not by this one; it stays"
            for name, digest in report.left.items()
        ]
    )
    if not report.removed:
        output.tell("nothing to undo")
    for name, outcome in report.removed.items():
        output.tell(f"undone {titles[name]}: {output.plural(outcome.items, 'item')} released")


def _less(left_out: int) -> str:
    return f", less {output.plural(left_out, 'item')} that drift left out" if left_out else ""


def print_report(
    verb: str, plan: Plan, report: ReplayReport, verification: Verification, *, as_json: bool
) -> None:
    """Print what a replay did, and whether reading it back agrees with the plan."""
    if as_json:
        output.print_json(
            {
                "plan": plan.digest,
                "done": {name: outcome.task_id for name, outcome in report.performed.items()},
                "already": {name: outcome.task_id for name, outcome in report.already.items()},
                "narrowed": [change.words for change in report.narrowed],
                "left_out": report.left_out,
                "verified": verification.ok,
                "differences": list(verification.differences),
            }
        )
        return
    titles = {operation.id: operation.title for operation in plan.operations}
    if not plan.operations:
        output.tell("nothing to do: the plan has no operations")
    elif not report.performed and not report.already:
        output.tell("nothing was done: drift has left nothing of the plan")
    elif not report.performed:
        output.tell("nothing to do: the plan was applied before")
    for name, outcome in report.already.items() if report.performed else ():
        output.tell(f"done already: {titles[name]}, task {outcome.task_id}")
    for name, outcome in report.performed.items():
        items, people = (
            output.plural(outcome.items, "item"),
            output.plural(len(outcome.assignments), "assignment"),
        )
        output.tell(f"{verb} {titles[name]}: {items}, {people}, task {outcome.task_id}")
    if report.narrowed:
        counts = "counts" if len(report.narrowed) == 1 else "count"
        output.warn([f"{output.plural(len(report.narrowed), 'thing')} had changed, and no longer {counts}"])
        output.say_some([change.words for change in report.narrowed])
    if verification.ok and not (report.performed or report.already):
        return
    if verification.ok:
        output.tell(f"verified: what was made is what the plan says{_less(report.left_out)}")
    else:
        for line in verification.differences:
            output.warn([line])


commands = {"rehearse": rehearse, "apply": apply, "verify": verify, "undo": undo}
