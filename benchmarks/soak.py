"""Random faults by the thousand: `python -m benchmarks.soak` applies a plan through each, and counts.

Every schedule must end in the state of an undisturbed run, item by item. The
seeds of those that do not are printed; `--first SEED --count 1` repeats one.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from tests.dataloop.schedules import ALL, apply_until_done, earlier, random_faults, undisturbed
from tests.dataloop.support import live


def one(expected: list[dict[str, Any]], seed: int) -> tuple[int, int, int, str]:
    """Return seed, faults met, applies it took, and what went wrong (empty where nothing did)."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, live(Path(folder)) as platform:
        earlier(platform)
        plan = platform.plan(ALL)
        platform.gate.faults = faults = random_faults(np.random.default_rng(seed))
        try:
            turns = apply_until_done(platform, plan)
        except Exception as error:
            return seed, faults.struck, 0, f"{type(error).__name__}: {error}"
        wrong = "" if platform.state() == expected else "another state than that of an undisturbed run"
        return seed, faults.struck, turns, wrong


@click.command()
@click.option("--count", default=1000, show_default=True, help="How many schedules.")
@click.option("--first", default=1000, show_default=True, help="The first seed.")
@click.option("--processes", default=2, show_default=True)
def main(count: int, first: int, processes: int) -> None:
    """Apply one plan through many random schedules of faults; exit 1 where one ends differently."""
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder, live(Path(folder)) as platform:
        earlier(platform)
        expected = undisturbed(platform, platform.plan(ALL))
    bad, struck, turns = [], 0, 0
    with ProcessPoolExecutor(processes) as pool:
        done = pool.map(partial(one, expected), range(first, first + count), chunksize=4)
        with click.progressbar(done, length=count, file=sys.stderr) as progress:
            for seed, faults, took, wrong in progress:
                struck += faults
                turns += took
                if wrong:
                    bad.append(f"seed {seed}: {wrong}")
    click.echo(
        f"{count:,} schedules, {struck:,} faults met, {turns:,} applies, {len(bad)} ended differently, "
        f"{perf_counter() - start:.0f} s"
    )
    for line in bad:
        click.echo(line)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
