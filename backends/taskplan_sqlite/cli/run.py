"""`run`: a script of the SDK against a gate on a copy of the store, and what it did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output
from taskplan_sqlite.cli.gate_options import delay_option, need_gate, user_option

if TYPE_CHECKING:
    from taskplan_sqlite.gate.service import Gate
    from taskplan_sqlite.recording import Record, TaskWork


@click.command(
    short_help="Run a dtlpy script against a copy of the store, and say what it did.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@options.store_option
@options.dataset_option
@click.option("--in-place", is_flag=True, help="Let the script change the store itself, not a copy.")
@click.option("--save-plan", type=options.PATH, metavar="FILE", help="Write what it did as a plan.")
@user_option
@delay_option
@options.json_option
@click.argument("script", type=options.PATH)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def run(
    store: Path,
    dataset: str | None,
    in_place: bool,
    save_plan: Path | None,
    user: str,
    command_delay: float,
    as_json: bool,
    script: Path,
    args: tuple[str, ...],
) -> None:
    """Run SCRIPT with dtlpy pointed at a copy of the store and logged in; then say what it did.

    The script's own logins just work, and the home folder is not touched. The
    exit code is the script's. Options of `run` come before SCRIPT, the script's own after it.
    """
    server = need_gate("`taskplan run`")
    from taskplan.errors import NotFoundError
    from taskplan_sqlite.backend import SqliteBackend
    from taskplan_sqlite.gate.service import Options
    from taskplan_sqlite.recording import State, compare
    from taskplan_sqlite.rehearsal import rehearsal_copy
    from taskplan_sqlite.script_warnings import warnings_of
    from taskplan_sqlite.store.store import SqliteStore

    if str(script).startswith("-"):
        raise click.NoSuchOption(str(script).partition("=")[0], ctx=click.get_current_context())
    if script.is_dir():
        raise NotFoundError("is a folder, not a script", source=str(script))
    if not script.exists():
        raise NotFoundError("there is no such script", source=str(script))
    _need_sdk()
    _warn_of_late_options(args)
    # A copy of the store and a script are left behind by a process that just stops.
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as stack:
        original = SqliteBackend(SqliteStore(_existing(store)))
        stack.callback(original.close)
        path = original.store.path
        if dataset is not None:
            original.store.dataset_pk(dataset)
        if save_plan is not None:
            _check_target(save_plan, store)
        if not in_place:
            path = stack.enter_context(rehearsal_copy(original.store)).path
        wanted = Options(user=user, command_delay=command_delay)
        gate = stack.enter_context(server.open_gate(path, wanted))
        backend = SqliteBackend(gate.store)
        before = State.of(backend)
        stack.enter_context(server.running(gate))
        if sys.stderr.isatty():
            output.say(f"to look on: {gate.page}")
        code = _perform(gate, script, args, quiet=as_json)
        with gate.lock:
            after = State.of(backend)
            record = compare(before, after)
            told = warnings_of(gate, record)
        if as_json:
            output.print_json({"exit_code": code, **_record_json(record), "warnings": told})
        else:
            where = f"in {store}" if in_place else f"on a copy of {store}"
            failed = f"the script failed (exit code {code}); " if code else ""
            _show(record, told, f"{failed}what {'it' if code else 'the script'} did {where}")
        if save_plan is not None:
            _save(save_plan, record, original, dataset, script, _default_recipes(gate), store)
            if in_place and record.tasks:
                output.warn(["what this plan makes is in the store already; applying it makes it again"])
            if code:
                output.warn(["the script failed, so that the plan holds only what it did before"])
    sys.exit(code)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _existing(store: Path) -> Path:
    if not store.exists():
        options.open_store(store)
    return store


def _check_target(target: Path, store: Path) -> None:
    """Find out before the script has run whether its plan can be written."""
    from taskplan.errors import NotFoundError

    if target.is_dir():
        raise NotFoundError("is a folder, not a file", source=str(target))
    if not target.absolute().parent.is_dir():
        raise NotFoundError("there is no such folder", source=str(target.parent))
    options.keep_applied(target, store)


def _warn_of_late_options(args: tuple[str, ...]) -> None:
    ours = {name for parameter in run.params for name in parameter.opts if name.startswith("--")}
    late = [arg for arg in args if arg.partition("=")[0] in ours]
    if late:
        stand = "stands" if len(late) == 1 else "stand"
        output.warn([f"{', '.join(late)} {stand} after SCRIPT and went to the script, not to `taskplan run`"])


def _need_sdk() -> None:
    from importlib.util import find_spec

    from taskplan.errors import InputError

    if find_spec("dtlpy") is None:
        raise InputError("the SDK is not installed here", hint="pip install dtlpy")


def _perform(gate: Gate, script: Path, args: tuple[str, ...], *, quiet: bool) -> int:
    """Run the script in a process of its own and return its exit code."""
    with tempfile.TemporaryDirectory(prefix="taskplan-sdk-", ignore_cleanup_errors=True) as folder:
        environment = {
            **os.environ,
            "DATALOOP_PATH": folder,
            "TASKPLAN_GATE": gate.url,
            "TASKPLAN_GATE_TOKEN": gate.token,
            "NO_PROXY": "127.0.0.1,localhost",
        }
        command = [sys.executable, "-W", "ignore", "-m", "taskplan_sqlite.gate.child", str(script), *args]
        # With --json stdout is for that alone.
        try:
            done = subprocess.run(command, env=environment, check=False, stdout=sys.stderr if quiet else None)
        except KeyboardInterrupt:
            output.say("interrupted; the script was ended")
            raise click.exceptions.Exit(130) from None
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _default_recipes(gate: Gate) -> set[str]:
    from taskplan_sqlite.platform.datasets import recipe_ids

    connection = gate.store.connection
    listed = [
        recipe_ids(connection, dataset)
        for (dataset,) in connection.execute("SELECT id FROM datasets").fetchall()
    ]
    return {recipes[0] for recipes in listed if recipes}


def _save(
    target: Path,
    record: Record,
    original: Any,
    dataset: str | None,
    script: Path,
    defaults: set[str],
    store: Path,
) -> None:
    from taskplan.planning.codec import write_plan
    from taskplan_sqlite.recording import as_plan

    names = {work.task.dataset for work in record.tasks}
    wanted = dataset or (names.pop() if len(names) == 1 else None)
    plan, told = as_plan(record, original.snapshot(wanted), script=script.name, defaults=defaults)
    write_plan(target, plan)
    output.warn(told)
    if plan.operations:
        output.say(f"written to {target}; next: taskplan rehearse {target} --store {store}")
    else:
        output.say(f"written to {target}, though nothing is in it")


def _show(record: Record, told: list[str], heading: str) -> None:
    output.show(output.heading(heading))
    for name, more in record.datasets.items():
        verb = "added to" if more > 0 else "removed from"
        output.tell(
            f"{output.plural(abs(more), 'item')} {verb} {name}" if more else f"{name} is new, and empty"
        )
    if not record.tasks:
        output.tell("no task was made or changed")
    for work in record.tasks:
        output.show(*_work_view(work))
    output.warn(told)


def _work_view(work: TaskWork) -> list[Any]:
    task = work.task
    facts = [output.plural(work.count - work.moved, "item")] if work.kind == "created" else []
    if work.kind == "changed" and work.count > work.moved:
        facts.append(f"{output.plural(work.count - work.moved, 'item')} added")
    if work.moved:
        facts.append(f"{output.plural(work.moved, 'item')} moved between people")
    if work.left:
        facts.append(f"{output.plural(work.left, 'item')} taken out")
    if work.old_name is not None:
        facts.append(f"was named {work.old_name}")
    if work.statuses:
        facts.append(f"{work.statuses:+,} with a status")
    head = f"{work.kind} {task.name} ({task.type})" + (f": {', '.join(facts)}" if facts else "")
    rows = [
        (who, f"{len(ids):,}", f"{100 * len(ids) / max(1, work.count):.1f}%")
        for who, ids in work.items.items()
    ]
    view: list[Any] = [output.heading(head)]
    if rows:
        table = output.table(("assignee", "items", "share"), rows, right=("items", "share"))
        view.append(output.indented(table))
    return view


def _record_json(record: Record) -> dict[str, Any]:
    return {
        "datasets": dict(record.datasets),
        "tasks": [
            {
                "id": work.task.id,
                "name": work.task.name,
                "type": work.task.type,
                "dataset": work.task.dataset,
                "kind": work.kind,
                "items": {who: len(ids) for who, ids in work.items.items()},
                "moved": work.moved,
                "left": work.left,
                "statuses": work.statuses,
            }
            for work in record.tasks
        ],
    }
