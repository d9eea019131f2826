"""`simulate`: when a plan will be done, how likely that is in time, and what would change it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskplan.cli import options, output

if TYPE_CHECKING:
    from taskplan.model.table import ItemTable
    from taskplan.planning.document import Plan
    from taskplan.simulation.workforce import Workforce


@click.command()
@options.plan_argument
@options.workforce_option
@options.start_option
@click.option("--due", metavar="DATE", help="The date to keep, instead of the tasks' own.")
@click.option(
    "--replications", type=click.IntRange(1, 1_000_000), help="How often; 2,000, or fewer of large plans."
)
@click.option("--seed", type=click.IntRange(min=0), help="Replaces the seed of the plan.")
@click.option(
    "--compare", metavar="NAMES", help="Other ways to hand out, with commas: equal, weighted, pulling."
)
@click.option(
    "--what-if",
    "what_if",
    multiple=True,
    metavar="CHANGE",
    help='"+1 annotator", "-ben@example.com" or "ann@example.com minutes=3"; may be repeated.',
)
@click.option("-o", "--output", "target", type=options.PATH, help="Write the forecast to this file.")
@click.option(
    "--store",
    type=options.PATH,
    help="Where the items are, if minutes differ by kind; else TASKPLAN_STORE or taskplan.db, if there.",
)
@options.engine_option
@options.scheduler_option
@options.json_option
def simulate(
    plan_file: Path,
    workforce_file: Path | None,
    start: str | None,
    due: str | None,
    replications: int | None,
    seed: int | None,
    compare: str | None,
    what_if: tuple[str, ...],
    target: Path | None,
    store: Path | None,
    engine: str,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Forecast when PLAN will be done: for every task and person, in many replications.

    The same plan, workforce and seed give the same forecast; all scenarios are compared on the
    same random numbers.
    """
    from taskplan.cli import forecasts
    from taskplan.simulation.forecast import FORECAST_FILE, encode_forecast, write_forecast
    from taskplan.simulation.scenarios import Questions, forecast

    if workforce_file is None:
        raise click.UsageError(
            "give --workforce FILE; `taskplan init team.yaml --workforce` writes a first one"
        )
    using = options.using_engine(engine, scheduler)
    names = tuple(dict.fromkeys(name.strip() for name in compare.split(","))) if compare else ()
    questions = Questions(names, what_if)
    if target is not None:
        # Nobody should wait for what cannot be written.
        FORECAST_FILE.check(target)
    plan = options.load_plan(plan_file)
    workforce, digest = load_workforce(workforce_file, plan, options.moment_of(start, "--start"))
    with ExitStack() as stack:
        table = _table(stack, store, plan, workforce)
        spread = stack.enter_context(using)
        progress = stack.enter_context(output.progress("simulating"))
        made = forecast(
            plan,
            workforce,
            replications=replications,
            seed=seed,
            table=table,
            due=options.moment_of(due, "--due"),
            questions=questions,
            digest=digest,
            progress=progress,
            spread=spread,
        )
    if target is not None:
        write_forecast(target, made)
    if as_json:
        click.echo(encode_forecast(made), nl=False)
        return
    output.show(*forecasts.forecast_view(made))
    output.warn([*made.warnings, *_past(workforce.start)])
    if target is not None:
        output.say(
            f"written to {target}; next: taskplan report {plan_file} --forecast {target} -o report.html"
        )


def load_workforce(path: Path, plan: Plan, start: float | None) -> tuple[Workforce, str]:
    """Read a workforce file for the people of a plan; return it and its digest."""
    from taskplan.simulation.workforce_file import read_workforce

    file = read_workforce(path)
    people = [person for operation in plan.operations for person in operation.people]
    return file.resolve(people, start), file.digest


def _table(stack: ExitStack, store: Path | None, plan: Plan, workforce: Workforce) -> ItemTable | None:
    """Return the items of a plan: of the store that was named, else of the usual one where kinds matter."""
    if store is not None:
        return stack.enter_context(options.using_store(store)).table(plan.snapshot.dataset)
    from taskplan.errors import InputError

    usual = Path(os.environ.get("TASKPLAN_STORE", "taskplan.db"))
    if workforce.kind is None or not usual.is_file():
        return None
    try:
        return stack.enter_context(options.using_store(usual)).table(plan.snapshot.dataset)
    except InputError:
        return None


def _past(start: float) -> list[str]:
    from taskplan.model.times import moment

    if start > options.now():
        return []
    return [f"the work begins in the past, {moment(start)} (--start, or start in the workforce)"]


commands = {"simulate": simulate}
