"""`show`, `diff` and `explain`: reading plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskplan.cli import options, output, views

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.planning.explain import ItemAnswer, PersonAnswer


@click.command()
@options.plan_argument
@options.json_option
@click.option("--items", "with_items", is_flag=True, help="With --json: every assignee's item ids.")
@click.option("--replay", "with_replay", is_flag=True, help="Say how each operation would be sent, and why.")
@click.option("--store", type=options.PATH, help="Warn where this store is no longer what the plan is from.")
def show(plan_file: Path, as_json: bool, with_items: bool, with_replay: bool, store: Path | None) -> None:
    """Show a plan: tasks, people, numbers, fairness and warnings."""
    if with_items and not as_json:
        raise click.UsageError("--items goes with --json")
    plan = options.load_plan(plan_file)
    stale = [] if store is None else _staleness(plan, store)
    if as_json:
        output.print_json(
            {**views.plan_json(plan, with_items=with_items), **({"stale": stale} if store else {})}
        )
        return
    output.show(*views.plan_view(plan))
    if with_replay:
        output.tell("")
        for line in views.replay_lines(plan):
            output.tell(line)
    output.warn([*plan.warnings, *stale])


def _staleness(plan: Plan, store: Path) -> list[str]:
    """Say in how far a store is no longer what the plan was made from."""
    from taskplan.replay.drift import check_drift

    with options.using_backend("sqlite", store) as backend:
        done = {o.key for o in plan.operations if backend.find(o.key) is not None}
        changes = check_drift(plan, backend, done)
    if not changes:
        return []
    count = output.plural(len(changes), "thing")
    return [
        f"the plan is stale: {count} changed in {store} since it was made",
        *(c.words for c in changes[:10]),
    ]


@click.command()
@click.argument("old", type=options.PATH)
@click.argument("new", type=options.PATH)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 where the plans differ.")
@options.json_option
def diff(old: Path, new: Path, detailed_exitcode: bool, as_json: bool) -> None:
    """Compare plan OLD with plan NEW by tasks, people and items."""
    from taskplan.planning.diff import diff as compare

    result = compare(options.load_plan(old), options.load_plan(new))
    if as_json:
        output.print_json(result.to_json())
    elif result.is_empty:
        output.tell("the plans do the same")
    else:
        for line in result.lines():
            output.tell(line)
    if detailed_exitcode and not result.is_empty:
        sys.exit(3)


@click.command()
@options.plan_argument
@click.option("--item", help="An item's id or filename.")
@click.option("--assignee", help="A person's e-mail.")
@click.option(
    "--store",
    type=options.PATH,
    envvar="TASKPLAN_STORE",
    show_envvar=True,
    help="A store, to name files and to see why a filter dropped it.",
)
@options.json_option
def explain(
    plan_file: Path, item: str | None, assignee: str | None, store: Path | None, as_json: bool
) -> None:
    """Say why an item went to someone, or to nobody; or what someone gets, and why."""
    from taskplan.planning.explain import explain_assignee, explain_item

    if (item is None) == (assignee is None):
        raise click.UsageError("give either --item or --assignee")
    plan = options.load_plan(plan_file)
    answer: ItemAnswer | PersonAnswer
    named = click.get_current_context().get_parameter_source("store")
    if store is not None and not store.exists() and named is click.core.ParameterSource.ENVIRONMENT:
        store = None
    if assignee is not None:
        answer = explain_assignee(plan, assignee)
    elif store is not None:
        with options.using_backend("sqlite", store) as backend:
            # As the plan found it: what the plan itself has done since explains nothing.
            own = frozenset(operation.key for operation in plan.operations)
            answer = explain_item(plan, backend.snapshot(plan.snapshot.dataset, without=own), str(item))
    else:
        answer = explain_item(plan, None, str(item))
    if as_json:
        output.print_json(answer.to_json())
        return
    for line in answer.lines():
        output.tell(line)


commands = {"show": show, "diff": diff, "explain": explain}
