"""`rehearse`, `apply`, `verify` and `undo`: performing plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskplan.cli import options, output, views
from taskplan.cli.live import Connection, connect, live_options

if TYPE_CHECKING:
    from contextlib import closing

    from taskplan.model.table import ItemTable
    from taskplan.planning.document import Plan
    from taskplan.replay.backend import Backend
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
@live_options
@drift_option
@actor_option
@options.yes_option
@click.option("--target", multiple=True, metavar="TASK", help="Only this task, and what it depends on.")
@click.option("--dry-run", is_flag=True, help="Look for drift and say what would be done; write nothing.")
@click.option(
    "--on-done", metavar="COMMAND", help="Run this afterwards, with the result as JSON on its stdin."
)
@options.json_option
def apply(
    plan_file: Path,
    store: Path,
    connection: Connection,
    allow_drift: bool,
    actor: str,
    yes: bool,
    target: tuple[str, ...],
    dry_run: bool,
    on_done: str | None,
    as_json: bool,
) -> None:
    """Perform a plan, exactly once: a second apply does nothing, a killed one continues."""
    from taskplan.replay.executor import apply_plan
    from taskplan.replay.journal import Journal
    from taskplan.replay.order import with_dependencies

    plan = options.load_plan(plan_file)
    only = with_dependencies(plan, target) if target else None
    with _connected(connection, store, plan) as opened:
        local = opened.describe().local
        before = None if local else _known_items(store, plan)
        if dry_run:
            _show_pending(plan, opened, store, only, before, allow_drift=allow_drift, as_json=as_json)
            return
        if not local and not yes:
            output.show(*views.plan_view(plan))
            if only is not None:
                output.say(f"only: {', '.join(o.title for o in plan.operations if o.id in only)}")
            where = f"project {connection.project or plan.snapshot.project}, dataset {plan.snapshot.dataset}"
            _ask(f"Apply this plan to the live backend ({where})?")
        journal_file = options.journal_path(opened, store)
        with Journal(journal_file) as journal, output.progress("applying") as progress:
            report = apply_plan(
                plan,
                opened,
                journal,
                actor=actor,
                clock=options.now,
                allow_drift=allow_drift,
                only=only,
                before=before,
                on_progress=progress,
            )
    print_report("applied", plan, report, report.verification, as_json=as_json)
    failed = on_done is not None and bool(report.performed) and not _run_hook(on_done, plan, report)
    if not report.verification.ok or failed:
        sys.exit(1)


def _ask(question: str) -> None:
    """Ask before a live backend is changed; exit 1 for anything but yes."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        agreed = False
    if not agreed:
        output.say("nothing was written (--yes does not ask)")
        sys.exit(1)


def _connected(connection: Connection, store: Path, plan: Plan) -> closing[Backend]:
    return connect(connection, store, project=plan.snapshot.project, dataset=plan.snapshot.dataset)


def _known_items(store: Path, plan: Plan) -> ItemTable | None:
    """Return the items as the plan was made from them, where the store still has them."""
    from taskplan.errors import TaskplanError

    if not store.exists():
        return None
    try:
        with options.using_store(store) as opened:
            table = opened.table(plan.snapshot.dataset)
            for path in plan.snapshot.paths:
                if not path.startswith("annotations:"):
                    table.column(path)
            len(table.ids)
            return table
    except TaskplanError:
        return None


def _show_pending(
    plan: Plan,
    backend: Backend,
    store: Path,
    only: frozenset[str] | None,
    before: ItemTable | None,
    *,
    allow_drift: bool,
    as_json: bool,
) -> None:
    """Say what applying would do, having only read; DriftError where it would stop."""
    from taskplan.errors import DriftError
    from taskplan.replay.journal import read_entries
    from taskplan.replay.preview import preview_plan

    entries = read_entries(options.journal_path(backend, store), [o.key for o in plan.operations])
    found = preview_plan(plan, backend, entries, only=only, before=before)
    words = tuple(change.words for change in found.changes)
    if words and not allow_drift:
        raise DriftError(f"{output.plural(len(words), 'thing')} changed since the plan was made", words)
    if as_json:
        output.print_json(
            {
                "plan": plan.digest,
                "would_do": [o.id for o in found.pending],
                "already": [o.id for o in found.done],
                "changes": list(words),
            }
        )
        return
    for operation in found.done:
        output.tell(f"done already: {operation.title}")
    verbs = {"create_task": "make", "add_items": "add to", "move_items": "move within"}
    for operation in found.pending:
        count = output.plural(operation.allocation.items.count, "item")
        people = output.plural(len(operation.people), "assignment")
        output.tell(f"would {verbs[operation.action]} {operation.title}: {count}, {people}")
    output.say_some(words)
    if not found.pending:
        output.tell("nothing to do")
    output.say("nothing was written")


def _run_hook(command: str, plan: Plan, report: ReplayReport) -> bool:
    """Run a command with what was done as JSON on its stdin; tell where it fails."""
    import json
    import subprocess

    titles = {operation.id: operation.title for operation in plan.operations}
    done = {**report.already, **report.performed}
    said = {
        "plan": plan.digest,
        "dataset": plan.snapshot.dataset,
        "verified": report.verification.ok,
        "tasks": [
            {
                "operation": name,
                "name": titles[name],
                "id": outcome.task_id,
                "new": name in report.performed,
                "items": outcome.items,
                "assignments": dict(outcome.assignments),
            }
            for name, outcome in done.items()
        ],
    }
    # Stdout is for the result of `apply` alone.
    ended = subprocess.run(
        command, shell=True, input=json.dumps(said) + "\n", text=True, check=False, stdout=sys.stderr
    )
    if ended.returncode:
        output.warn([f"--on-done: the command ended with {ended.returncode}; the plan itself was applied"])
    return ended.returncode == 0


@click.command()
@options.plan_argument
@options.store_option
@live_options
@options.json_option
def verify(plan_file: Path, store: Path, connection: Connection, as_json: bool) -> None:
    """Read back what a plan created and compare it with the plan, item by item."""
    from taskplan.replay.journal import read_entries
    from taskplan.replay.order import as_performed
    from taskplan.replay.verify import verify_plan

    plan = options.load_plan(plan_file)
    with _connected(connection, store, plan) as opened:
        entries = read_entries(
            options.journal_path(opened, store), [operation.key for operation in plan.operations]
        )
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
@live_options
@options.yes_option
@click.option("--discard-work", is_flag=True, help="Remove tasks that people have worked on, too.")
@options.json_option
def undo(
    plan_file: Path, store: Path, connection: Connection, yes: bool, discard_work: bool, as_json: bool
) -> None:
    """Remove exactly what a plan created, and nothing else."""
    from taskplan.replay.journal import Journal
    from taskplan.replay.undo import undo_plan

    plan = options.load_plan(plan_file)
    with _connected(connection, store, plan) as opened:
        if not opened.describe().local and not yes:
            output.show(*views.plan_view(plan))
            _ask("Take this plan back on the live backend?")
        with Journal(options.journal_path(opened, store)) as journal:
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
        if verification.gone.intersection(report.already):
            output.say("what was done before is gone; after `taskplan undo` the plan can be applied anew")


commands = {"rehearse": rehearse, "apply": apply, "verify": verify, "undo": undo}
