"""`calibrate`: a workforce learned from what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output

if TYPE_CHECKING:
    from taskplan.simulation.calibration import Calibration, Learned
    from taskplan.simulation.estimates import Estimate, Rate

TEAM = "team"


@click.command()
@options.store_option
@options.dataset_option
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Learn from this task only (repeated).")
@click.option("--kind", metavar="PATH", help="The field by which kinds of items differ.")
@click.option(
    "--gap", type=float, default=60.0, show_default=True, help="Minutes: so long a pause is a break."
)
@click.option("--zone", metavar="ZONE", help="Time zone to put into the file, such as Europe/Berlin.")
@click.option("-o", "--output", "target", type=options.PATH, help="Workforce file (YAML) to write.")
@click.option("--force", is_flag=True, help="Write over an existing file.")
@options.json_option
def calibrate(
    store: Path,
    dataset: str | None,
    tasks: tuple[str, ...],
    kind: str | None,
    gap: float,
    zone: str | None,
    target: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Learn from finished items how long people take, and how much is sent back.

    An item took the time since the same person's previous one, unless that is a break of --gap minutes or
    more. Where there is little data of a person, the team's counts for more. With -o
    it becomes a workforce file, for `taskplan simulate`.
    """
    from taskplan.simulation.calibration import calibrate as learn

    _check(zone, target, store, force=force)
    with options.using_backend("sqlite", store) as backend:
        table = backend.snapshot(dataset)
        found = learn(table, backend.tasks(table.dataset), only=tasks, kind=kind, gap=gap)
    if target is not None:
        from taskplan.model.files import atomic_write
        from taskplan.simulation.calibration_file import workforce_yaml

        content = workforce_yaml(found, zone=zone).encode()
        with atomic_write(target) as file:
            file.write(content)
    if as_json:
        output.print_json(_json(found))
        return
    _show(found)
    output.warn(found.warnings)
    output.say(f"written to {target}" if target is not None else "not written to a file (-o team.yaml)")


def _check(zone: str | None, target: Path | None, store: Path, *, force: bool) -> None:
    """Refuse what would fail only after the work."""
    from taskplan.errors import InputError

    if zone is not None:
        from taskplan.simulation.zones import time_zone

        try:
            time_zone(zone)
        except InputError as error:
            raise InputError(error.message, source="--zone", hint=error.hint) from error
    if target is None or not target.is_file():
        return
    if store.exists() and target.samefile(store):
        raise InputError("is the store itself", source=str(target), hint="write to another file")
    if not force:
        raise InputError(
            "exists already and is left as it is", source=str(target), hint="--force writes over it"
        )


def _show(found: Calibration) -> None:
    statuses = ", ".join(f"{count:,} {status}" for status, count in found.statuses.items())
    finished, breaks = output.plural(found.finished, "finished item"), output.plural(found.breaks, "pause")
    output.show(
        output.heading(f"{found.dataset}: {finished}, {found.timed:,} of them timed"),
        output.indented(statuses),
        output.indented(f"{breaks} of {found.gap:g} minutes or more left out as breaks"),
        "",
        output.table(
            ("assignee", "kind", "minutes", "90 % interval", "cv", "items", "own data"),
            [row for who, learned in _everybody(found) for row in _minutes(who, learned, found.kind)],
            right=("minutes", "90 % interval", "cv", "items", "own data"),
        ),
    )
    errors = [(who, learned.errors) for who, learned in _everybody(found) if learned.errors is not None]
    if errors:
        output.show(
            "",
            output.table(
                ("assignee", "errors", "90 % interval", "sent back", "reviewed", "own data"),
                [_errors(who, rate) for who, rate in errors],
                right=("errors", "90 % interval", "sent back", "reviewed", "own data"),
            ),
        )


def _everybody(found: Calibration) -> list[tuple[str, Learned]]:
    return [*found.people.items(), (TEAM, found.team)]


def _minutes(who: str, learned: Learned, path: str | None) -> list[tuple[str, ...]]:
    rest = "annotation" if path is None else "any other"
    listed = [(rest if kind == "*" else kind, one) for kind, one in learned.minutes.items()]
    if learned.review is not None:
        listed.append(("review", learned.review))
    return [
        (
            who,
            kind,
            _short(one.minutes),
            f"{_short(one.low)}-{_short(one.high)}",
            f"{one.cv:.2f}",
            f"{one.items:,}",
            "" if who == TEAM else _percent(one.weight),
        )
        for kind, one in listed
    ]


def _errors(who: str, rate: Rate) -> tuple[str, ...]:
    return (
        who,
        f"{100 * rate.rate:.1f} %",
        f"{100 * rate.low:.1f}-{100 * rate.high:.1f} %",
        f"{rate.sent_back:,}",
        f"{rate.reviewed:,}",
        "" if who == TEAM else _percent(rate.weight),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _json(found: Calibration) -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "kind": found.kind,
        "gap": found.gap,
        "finished": found.finished,
        "timed": found.timed,
        "breaks": found.breaks,
        "statuses": dict(found.statuses),
        "first": found.first,
        "last": found.last,
        "team": _learned_json(found.team),
        "people": [{"email": who, **_learned_json(learned)} for who, learned in found.people.items()],
        "warnings": list(found.warnings),
    }


def _learned_json(learned: Learned) -> dict[str, Any]:
    rate = learned.errors
    return {
        "minutes": {kind: _estimate_json(one) for kind, one in learned.minutes.items()},
        "review": _estimate_json(learned.review) if learned.review is not None else None,
        "cv": learned.cv,
        "errors": None
        if rate is None
        else {
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "reviewed": rate.reviewed,
            "sent_back": rate.sent_back,
            "weight": rate.weight,
        },
    }


def _estimate_json(one: Estimate) -> dict[str, Any]:
    return {
        "minutes": one.minutes,
        "low": one.low,
        "high": one.high,
        "cv": one.cv,
        "items": one.items,
        "weight": one.weight,
    }


commands = {"calibrate": calibrate}
