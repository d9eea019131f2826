"""`report`: a plan, and its forecast, as a page to send around."""

from __future__ import annotations

from pathlib import Path

import click

from taskplan.cli import options, output


@click.command()
@options.plan_argument
@click.option(
    "--forecast", "forecast_file", type=options.PATH, help="The plan's forecast, as `simulate` wrote it."
)
@click.option(
    "-o",
    "--output",
    "target",
    type=options.PATH,
    help="Write the page to this file; else beside PLAN, as .html.",
)
def report(plan_file: Path, forecast_file: Path | None, target: Path | None) -> None:
    """Write PLAN as one HTML page that needs no network: tasks, people, fairness, forecast."""
    from taskplan.report.files import forecast_of, write_report

    plan = options.load_plan(plan_file)
    forecast = None if forecast_file is None else forecast_of(plan, forecast_file)
    path = plan_file.with_suffix(".html") if target is None else target
    write_report(path, plan, forecast)
    output.say(f"written to {path}")


commands = {"report": report}
