"""`plan`: a spec, or a few options, and a snapshot become a plan."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output, views
from taskplan.cli.options import now

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.planning.spec import Spec
    from taskplan.replay.backend import Backend
    from taskplan.simulation.meeting import Met


@click.command()
@click.argument("spec_file", metavar="[SPEC]", type=options.PATH, required=False)
@options.store_option
@options.dataset_option
@click.option("-o", "--output", "target", type=options.PATH, help="Write the plan to this file.")
@click.option(
    "--from",
    "source",
    metavar="PATH",
    help="Plan for the items at this path, without a store; or for a snapshot, which may be a URL.",
)
@click.option(
    "--assignee",
    "assignees",
    multiple=True,
    metavar="EMAIL",
    help="Without a spec: who works; or {email: …, weight: …}.",
)
@click.option("--where", multiple=True, metavar="QUERY", help="Without a spec: which items.")
@click.option("--name", default="annotate", show_default=True, help="Without a spec: the task's name.")
@click.option("--due", metavar="DATE", help="Without a spec: the due date.")
@click.option("--seed", type=click.IntRange(min=0), help="Replaces the seed of the spec.")
@click.option(
    "--meet-due", "meets_due", is_flag=True, help="Split so that the due dates are kept most probably."
)
@options.workforce_option
@options.start_option
@options.engine_option
@options.scheduler_option
@click.option("--rehearse", "rehearsed", is_flag=True, help="Perform the plan on a throwaway copy.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 where there is something to apply.")
@options.json_option
def plan(
    spec_file: Path | None,
    store: Path,
    dataset: str | None,
    target: Path | None,
    source: str | None,
    assignees: tuple[str, ...],
    where: tuple[str, ...],
    name: str,
    due: str | None,
    seed: int | None,
    meets_due: bool,
    workforce_file: Path | None,
    start: str | None,
    engine: str,
    scheduler: str | None,
    rehearsed: bool,
    detailed_exitcode: bool,
    as_json: bool,
) -> None:
    """Make a plan of SPEC: evaluate its filters, split the items, check and show the result.

    Nothing is changed. Without a SPEC, --assignee (repeated) and --where describe one
    task; with --from the items are read into a throwaway store, not into --store. Of a snapshot
    (`taskplan snapshot`) they are read where they lie, part by part, with --engine dask on a cluster.
    """
    from taskplan.cli.plan_snapshot import plan_snapshot
    from taskplan.model.snapshots.opening import is_snapshot

    if source is not None and _is_given("store"):
        raise click.UsageError("--from takes the place of a store; leave --store out, or import first")
    if meets_due and workforce_file is None:
        raise click.UsageError("--meet-due needs --workforce FILE: who works how fast and when")
    if not meets_due and (workforce_file is not None or start is not None):
        raise click.UsageError("--workforce and --start go with --meet-due")
    if source is not None and not source.strip():
        raise click.UsageError("--from is empty, expected a path or a URL")
    using = options.using_engine(engine, scheduler)
    snapshot = source if source is not None and (engine == "dask" or is_snapshot(source)) else None
    if engine == "dask" and snapshot is None:
        raise click.UsageError(
            "--engine dask plans for a snapshot; `taskplan snapshot` writes one for --from"
        )
    if rehearsed and snapshot is not None:
        raise click.UsageError("--rehearse needs a store, and a snapshot is none; import it first")
    if target is not None:
        # Nobody should wait for what cannot be written.
        from taskplan.planning.codec import PLAN_FILE

        PLAN_FILE.check(target)
    with ExitStack() as stack:
        stack.enter_context(_naming_options(spec_file))
        spec = _spec(spec_file, assignees, where, name, due)
        backend: Backend | None = None
        if snapshot is not None:
            spread = stack.enter_context(using)
            workforce = None if workforce_file is None else (workforce_file, start)
            (made, items), met = plan_snapshot(
                spec, snapshot, spread, dataset=dataset, target=target, seed=seed, meeting=workforce
            )
        else:
            if source is not None:
                store, dataset = _import(stack, Path(source), dataset or spec.dataset)
            backend = stack.enter_context(options.using_backend("sqlite", store))
            made, items, met = _make(spec, backend, dataset, seed), None, None
            if workforce_file is not None:
                met = _met(made, spec, backend, dataset, seed, workforce_file, start)
                made = met.plan
            if target is not None:
                from taskplan.planning.codec import write_plan

                options.keep_applied(target, store, made.digest)
                write_plan(target, made)
        new = [o for o in made.operations if backend is None or backend.find(o.key) is None]
        overdue = [o.title for o in made.operations if o.task and o.task.due and o.task.due < now()]
        if as_json:
            output.print_json(views.plan_json(made, with_items=False))
        else:
            output.show(*views.plan_view(made, items))
            if met is not None:
                output.say(_met_line(met))
            output.warn([*made.warnings, *(f"{title}: the due date is past" for title in overdue)])
            if len(new) < len(made.operations):
                done = [o.title for o in made.operations if o not in new]
                output.say(f"done already, and not done again: {', '.join(done)}")
            if target is not None:
                step = ""
                if made.operations:
                    step = _next_step(target, None if snapshot is not None else store, source, str(dataset))
                output.say(f"written to {target}{'' if rehearsed and source is None else step}")
            elif not rehearsed:
                output.say("not written to a file (-o plan.json)")
        if rehearsed:
            from taskplan.cli.replay import rehearse_and_show

            rehearse_and_show(made, store, as_json=False, quiet=as_json)
        if detailed_exitcode and new:
            sys.exit(3)


def _next_step(target: Path, store: Path | None, source: str | None, dataset: str) -> str:
    if store is None:
        return f"; next: taskplan rehearse {target} --store STORE, the one with these items"
    if source is None:
        return f"; next: taskplan rehearse {target} --store {store}"
    # The throwaway store is gone by then.
    return f"; next: taskplan import {source} --dataset {dataset}, then taskplan apply {target}"


def _spec(
    spec_file: Path | None, assignees: tuple[str, ...], where: tuple[str, ...], name: str, due: str | None
) -> Spec:
    from taskplan.planning.spec import read_spec, spec_from

    if spec_file is not None:
        if assignees or where or due or _is_given("name"):
            raise click.UsageError("--assignee, --where, --name and --due describe a task without a SPEC")
        return read_spec(spec_file)
    if not assignees:
        raise click.UsageError("give a SPEC file, or --assignee (repeated)")
    task: dict[str, Any] = {"name": name, "assignees": [_person(text) for text in assignees]}
    if where:
        from taskplan.cli.items import parse_where
        from taskplan.dql.query import to_json

        task["filter"] = to_json(parse_where(where))
    if due is not None:
        task["due"] = due
    return spec_from({"tasks": [task]}, source="command line")


def _person(text: str) -> Any:
    """Return an e-mail, or the ``{email: …, weight: …}`` that is written in its place."""
    from taskplan.located import load_yaml

    return load_yaml(text, "--assignee").data if text.lstrip().startswith("{") else text


_OPTIONS = {"assignees": "--assignee", "filter": "--where", "name": "--name", "due": "--due"}


@contextmanager
def _naming_options(spec_file: Path | None) -> Iterator[None]:
    """Let errors of a task without a spec name the option, not the field that it fills."""
    from taskplan.errors import InfeasibleError, InputError, SpecError

    try:
        yield
    except InfeasibleError as error:
        found = re.fullmatch(r"command line tasks\[0\]\.(\w+): (.*)", str(error), re.DOTALL)
        if spec_file is not None or found is None or found[1] not in _OPTIONS:
            raise
        raise InfeasibleError(f"{_OPTIONS[found[1]]}: {found[2]}") from error
    except SpecError as error:
        found = re.match(r"tasks\[0\]\.(\w+)(?:\[\d+\])?\.?(.*)", error.path or "")
        if spec_file is not None or found is None or found[1] not in _OPTIONS:
            raise
        option = _OPTIONS[found[1]]
        raise InputError(error.message, source=option, path=found[2] or None, hint=error.hint) from error


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _import(stack: ExitStack, source: Path, dataset: str | None) -> tuple[Path, str]:
    store = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taskplan-"))) / "items.db"
    name = dataset or options.dataset_name(source)
    with options.using_store(store, create=True) as opened, output.progress(f"importing {name}") as progress:
        result = opened.import_path(source, name, progress=progress)
    output.say(f"{name}: {output.plural(result.read, 'item')} read from {source}")
    return store, name


def _make(spec: Spec, backend: Backend, dataset: str | None, seed: int | None) -> Plan:
    from taskplan.errors import NotFoundError
    from taskplan.planning.planner import make_plan

    try:
        snapshot = backend.snapshot(dataset or spec.dataset)
    except NotFoundError as error:
        if dataset is None and spec.dataset is not None:
            raise spec.error(error.message, "dataset", error.hint) from error
        raise
    return make_plan(spec, snapshot, resolver=backend, seed=seed)


def _met(
    made: Plan,
    spec: Spec,
    backend: Backend,
    dataset: str | None,
    seed: int | None,
    workforce_file: Path,
    start: str | None,
) -> Met:
    from taskplan.simulation.meeting import meet_due
    from taskplan.simulation.workforce_file import read_workforce

    people = [person for operation in made.operations for person in operation.people]
    workforce = read_workforce(workforce_file).resolve(people, options.moment_of(start, "--start"))
    return meet_due(
        spec,
        workforce,
        lambda changed: _make(changed, backend, dataset, seed),
        table=backend.snapshot(dataset or spec.dataset),
    )


def _met_line(met: Met) -> str:
    others = ", ".join(f"{name} {chance:.1%}" for name, chance in met.tried.items() if name != met.taken)
    return f"split {met.taken}: on time with probability {met.on_time:.1%}" + (
        f" ({others})" if others else ""
    )


commands = {"plan": plan}
