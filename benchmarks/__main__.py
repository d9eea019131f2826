"""Run the benchmarks, print one table and write the figures as JSON.

Each module of this package answers one question of the project's limits with
``run(scale, repeat) -> list[dict]``; ``scale`` 1.0 means a million items (of
`large` and `growth` ten million).
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

MODULES = (
    "importing",
    "query",
    "allocation",
    "solver",
    "gap",
    "plans",
    "rehearsal",
    "gate",
    "live",
    "simulation",
    "startup",
    "partitioned",
    "large",
    "growth",
)


class _RunByDefault(click.Group):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunByDefault)
def main() -> None:
    """Measure taskplan beside rivals of the same run; `run` is meant where no command is named."""


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--scale", default=1.0, show_default=True, help="1.0 is one million items, of large and growth ten."
)
@click.option("--repeat", default=5, show_default=True, help="Runs of each subject; the median counts.")
@click.option("--smoke", is_flag=True, help="A hundredth of the size, once: only to see that all of it runs.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for the stores of large and growth, to be there next time.",
)
@click.option("--record", "recording", is_flag=True, help="Keep the figures in benchmarks/results.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("benchmark-results.json"))
def run(
    names: tuple[str, ...],
    scale: float,
    repeat: int,
    smoke: bool,
    keep: Path | None,
    recording: bool,
    output: Path,
) -> None:
    """Measure, print ratios to the rivals, and write JSON.

    NAME is importing, query, allocation, solver, gap, plans, rehearsal, gate, live, simulation,
    startup, partitioned, large or growth; all of them where none is given.
    """
    from benchmarks import bandwidth, results, stores
    from benchmarks.rows import row

    unknown = sorted(set(names) - set(MODULES))
    if unknown:
        raise click.UsageError(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    if smoke:
        scale, repeat = 0.01, 1
    rows = [{"benchmark": "bandwidth", **one} for one in bandwidth.rows()]
    # What one benchmark has made serves another.
    with stores.for_one_run(keep):
        for name in names or MODULES:
            click.echo(f"… {name}", err=True)
            try:
                found = import_module(f"benchmarks.{name}").run(scale, repeat)
            except (ImportError, RuntimeError) as error:
                # What others have measured is not lost for a rival that is not installed.
                missing = re.search(r"No module named '([^']+)'", str(error))
                if missing is None:
                    raise
                found = [row(name, "not measured", None, note=f"not installed: {missing[1]}")]
            if not found:
                raise SystemExit(f"{name} measured nothing")
            if smoke:
                # At a hundredth of the size limits say nothing.
                found = [{**one, "ok": None} for one in found]
            rows += [{"benchmark": name, **one} for one in found]
    result = results.result_of(rows, scale, repeat)
    output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(rows, f"scale {scale:g}, median of {repeat}")
    click.echo(f"written to {output}", err=True)
    if recording:
        click.echo(f"kept in benchmarks/results/{results.record(result).name}", err=True)


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def guard(names: tuple[str, ...], as_json: bool) -> None:
    """Check a few ratios, in a minute.

    Exit 1 where one has passed its bound, which is named.

    NAME is that of a ratio; all of them where none is given.
    """
    from benchmarks import guard as guards
    from benchmarks import stores

    try:
        chosen = guards.named(names)
    except KeyError as error:
        raise click.UsageError(
            f"no such ratio: {error.args[0]}; there are {', '.join(one.name for one in guards.GUARDS)}"
        ) from error
    found = []
    with stores.for_one_run():
        for one in chosen:
            click.echo(f"… {one.name}", err=True)
            found.append(one.measure())
    if as_json:
        click.echo(json.dumps([one.row() for one in found], indent=1, ensure_ascii=False))
    else:
        _print([one.row() for one in found], "ratios and their bounds")
    passed = [one.said() for one in found if not one.kept]
    for line in passed:
        click.echo(line, err=True)
    sys.exit(bool(passed))


@main.command()
@click.argument("name", required=False)
@click.option("--last", default=8, show_default=True, help="So many of the recorded runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(name: str | None, last: int, as_json: bool) -> None:
    """Print how the ratios developed.

    The runs are those in benchmarks/results.

    NAME is a benchmark, or a part of a question.
    """
    from benchmarks import results

    kept = results.recorded()[-last:]
    rows = results.history(kept, name)
    if not rows:
        raise SystemExit(f"nothing is recorded of {name}" if name else "nothing is recorded yet")
    runs = [{key: one[key] for key in ("date", "commit", "dirty", "machine")} for one in kept]
    if as_json:
        click.echo(json.dumps({"runs": runs, "rows": rows}, indent=1, ensure_ascii=False))
        return
    texts = ("benchmark", "question", "subject")
    columns = [f"{one['date'][:10]} {one['commit'][:7]}{'+' if one['dirty'] else ''}" for one in runs]
    table = _table("ratios to the rivals; + with changes that were not committed")
    for column in (*texts, *columns):
        _add_column(table, column, column in texts)
    for row in rows:
        figures = ("" if ratio is None else f"{ratio:.2f}" for ratio in row["ratios"])
        table.add_row(row["benchmark"], row["question"], row["subject"], *figures)
    _show(table)


def _print(rows: list[dict[str, Any]], title: str) -> None:
    texts = ("question", "subject", "note")
    lines = [
        {
            "question": row["question"],
            "subject": row["subject"],
            "seconds": _figure(row["seconds"], ".4g"),
            "ratio": _figure(row["ratio"], ".2f"),
            "limit": row["limit"] or "",
            "": {True: "ok", False: "OVER", None: ""}[row["ok"]],
            "at best": _figure(row["at_best"], ".2g"),
            "×": _figure(row["times_best"], ".1f"),
            "MB": _figure(row["peak_mb"], ".0f"),
            "note": row["note"] or "",
        }
        for row in rows
    ]
    shown = [name for name in lines[0] if any(line[name] for line in lines)]
    table = _table(title)
    for name in shown:
        _add_column(table, name, name in texts)
    for line in lines:
        table.add_row(*(line[name] for name in shown))
    _show(table)


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _table(title: str) -> Any:
    from rich.table import Table

    return Table(box=None, pad_edge=False, title=title)


def _add_column(table: Any, name: str, text: bool) -> None:
    if text:
        table.add_column(name, overflow="fold")
    else:
        table.add_column(name, justify="right")


def _show(table: Any) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
