"""Run the benchmarks, print one table and write the figures as JSON.

Each module of this package answers one question of the project's limits with
``run(scale, repeat) -> list[dict]``; ``scale`` 1.0 means a million items.
"""

from __future__ import annotations

import json
import os
import platform
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
)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--scale", default=1.0, show_default=True, help="1.0 is one million items.")
@click.option("--repeat", default=5, show_default=True, help="Runs of each subject; the median counts.")
@click.option("--smoke", is_flag=True, help="A hundredth of the size, once: only to see that all of it runs.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("benchmark-results.json"))
def main(names: tuple[str, ...], scale: float, repeat: int, smoke: bool, output: Path) -> None:
    """Measure, print ratios to the rivals of the same run, and write JSON.

    NAME is importing, query, allocation, solver, gap, plans, rehearsal, gate, live, simulation or
    startup; all of them where none is given.
    """
    unknown = sorted(set(names) - set(MODULES))
    if unknown:
        raise click.UsageError(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    if smoke:
        scale, repeat = 0.01, 1
    results: list[dict[str, Any]] = []
    for name in names or MODULES:
        click.echo(f"… {name}", err=True)
        rows = import_module(f"benchmarks.{name}").run(scale, repeat)
        if not rows:
            raise SystemExit(f"{name} measured nothing")
        results += [{"benchmark": name, **row} for row in rows]
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "processor": _processor(),
    }
    document = {"machine": machine, "scale": scale, "repeat": repeat, "results": results}
    output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _print(results, scale, repeat)
    click.echo(f"written to {output}", err=True)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    models = [
        line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
    ]
    return models[0] if models else platform.processor()


def _print(results: list[dict[str, Any]], scale: float, repeat: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=f"{scale:g} million items, median of {repeat}")
    for column in ("question", "subject"):
        table.add_column(column, overflow="fold")
    for column in ("seconds", "ratio", "limit", ""):
        table.add_column(column, justify="right")
    table.add_column("note", overflow="fold")
    for row in results:
        seconds, ratio, ok = row.get("seconds"), row.get("ratio"), row.get("ok")
        table.add_row(
            str(row["question"]),
            str(row["subject"]),
            f"{seconds:.4g}" if seconds is not None else "",
            f"{ratio:.2f}" if ratio is not None else "",
            str(row.get("limit") or ""),
            {True: "ok", False: "OVER", None: ""}[ok],
            str(row.get("note") or ""),
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


if __name__ == "__main__":
    main()
