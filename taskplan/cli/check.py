"""`check`: does a plan keep what it says, and is a way to split fair?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output

if TYPE_CHECKING:
    from taskplan.planning.checks import PlanFinding
    from taskplan.testing.checking import Finding, Report


class PlanByDefault(click.Group):
    """A group in which whatever names no command is a plan."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in self.get_help_option_names(ctx):
            args = ["plan", *args]
        return super().parse_args(ctx, args)


@click.group(cls=PlanByDefault, subcommand_metavar="PLAN | strategy STRATEGY")
def check() -> None:
    """Check a plan file, or whether a way to split is fair.

    `taskplan check plan.json` computes again, from the numbers in the file, whether all
    items are given out, shares and limits are kept, and nobody reviews their own work.

    `taskplan check strategy weighted`, or `mine:split` for a function of your own,
    searches for the smallest problem that is not split fairly.
    """


@check.command("plan")
@options.plan_argument
@click.option("--store", type=options.PATH, help="Check the selection as well, on the items of this store.")
@options.json_option
def check_plan_file(plan_file: Path, store: Path | None, as_json: bool) -> None:
    """Check that a plan keeps what it says; exit code 1 where it does not."""
    from taskplan.planning.checks import check_plan

    plan = options.load_plan(plan_file)
    if store is None:
        findings = check_plan(plan)
    else:
        # As the plan found it: what it has done itself since is no difference.
        own = frozenset(operation.key for operation in plan.operations)
        with options.using_backend("sqlite", store) as backend:
            findings = check_plan(plan, backend.snapshot(plan.snapshot.dataset, without=own))
    failed = any(finding.status == "fails" for finding in findings)
    if as_json:
        output.print_json(
            {
                "plan": plan.digest,
                "ok": not failed,
                "checks": [
                    {
                        "check": finding.check,
                        "status": finding.status,
                        "looked_at": finding.looked_at,
                        "definition": finding.definition,
                        "faults": list(finding.faults),
                    }
                    for finding in findings
                ],
            }
        )
    else:
        _show_plan(findings)
    sys.exit(1 if failed else 0)


def _show_plan(findings: tuple[PlanFinding, ...]) -> None:
    rows = [(finding.check, finding.status, finding.definition) for finding in findings]
    output.show(output.table(("check", "result", "what is checked"), rows))
    for finding in findings:
        if finding.faults:
            output.show("", output.heading(f"{finding.check} fails"))
            for fault in finding.faults:
                output.show(output.indented(fault))


@check.command("strategy")
@click.argument("target", metavar="STRATEGY")
@click.option("--property", "names", multiple=True, help="A property to check (repeated); all by default.")
@click.option("--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of the strategy.")
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many problems to try a property.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Try other problems.")
@options.json_option
def check_strategy(
    target: str, names: tuple[str, ...], given: tuple[str, ...], examples: int, seed: int, as_json: bool
) -> None:
    """Search for a problem that STRATEGY (a name, or module:function) does not split fairly.

    Exit code 1 where a property fails.
    """
    import importlib.util

    from taskplan.errors import MissingExtraError

    if importlib.util.find_spec("hypothesis") is None:
        raise MissingExtraError("taskplan check strategy", "testing")
    from taskplan.testing.answers import as_strategy
    from taskplan.testing.checking import counterexample, search

    strategy = as_strategy(target, dict(map(_option, given)))
    with output.progress(f"checking {target}") as progress:
        report = search(
            strategy, properties=names or None, max_examples=examples, seed=seed, progress=progress
        )

    def shown(finding: Finding) -> list[str]:
        return [] if finding.problem is None else counterexample(finding.problem, strategy)

    if as_json:
        output.print_json(_report_json(report, target, seed))
    else:
        rest = [f"--option {text}" for text in given] + ([f"--seed {seed}"] if seed else [])
        _show_report(report, shown, " ".join([target, *rest]))
    if report.failures:
        sys.exit(1)
    if report.never_applied:
        from taskplan.errors import InputError

        raise InputError(f"{target} takes none of the problems: {report.findings[0].sentence}")


def _option(text: str) -> tuple[str, Any]:
    """Return the name and the value of ``name=value``; numbers are read as such."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.UsageError(f'expected --option NAME=VALUE, got "{text}"')
    return name, int(value) if value.isdigit() else value


def _show_report(report: Report, shown: Callable[[Finding], list[str]], target: str) -> None:
    rows = [
        (finding.property.name, finding.status, f"{finding.examples:,}" if finding.examples else "")
        for finding in report.findings
    ]
    output.show(output.table(("property", "result", "examples"), rows, right=("examples",)))
    for finding in report.failures:
        output.show("", output.heading(f"{finding.property.name} fails: {finding.sentence}"))
        output.show(output.indented(finding.property.definition))
        output.show(output.indented(f"source: {finding.property.source}"), "")
        for line in shown(finding):
            output.tell(f"  {line}")
        output.show("")
        output.tell(f"  again: taskplan check strategy {target} --property {finding.property.name}")
    refused = [finding for finding in report.findings if finding.status == "not taken"]
    if refused:
        names = ", ".join(finding.property.name for finding in refused)
        output.say(f"never applied, --json says why: {names}")


def _report_json(report: Report, target: str, seed: int) -> dict[str, Any]:
    from taskplan.testing.showing import literal

    return {
        "strategy": target,
        "ok": not report.failures,
        "seed": seed,
        "properties": [
            {
                "property": finding.property.name,
                "status": finding.status,
                "examples": finding.examples,
                "definition": finding.property.definition,
                "source": finding.property.source,
                "sentence": finding.sentence,
                "counterexample": None
                if finding.status != "fails" or finding.problem is None
                else literal(finding.problem),
            }
            for finding in report.findings
        ],
    }


commands = {"check": check}
