"""How does each step grow from ten thousand items to ten million? Linearly, if its exponent is 1.

The exponent is the slope of log CPU seconds over log items by least squares:
growth is of work, and what others do on the machine meanwhile is none. Small
sizes flatten it, since most of what they take is the same for any number: a size
counts if ten times as many items take at least three times as long, and so do
all larger sizes. The exponent between the two largest is told as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.bandwidth import at_best
from benchmarks.rows import Row, row
from benchmarks.steps import ALONE, measured_steps
from benchmarks.stores import store_folder

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LIMIT = 1.05
GROWS = 3.0
"""Tenfold items take at least so many times as long where not the fixed cost is measured."""
JUDGED = 1_000_000
"""Items at which the exponent means something."""
MORE = {10_000: 5, 100_000: 3}
"""So many times as many repeats as of the largest."""


def run(scale: float, repeat: int) -> list[Row]:
    """Measure all steps at each size up to ten million (at scale 1), and fit the exponents."""
    largest = round(SIZES[-1] * scale)
    sizes = [size for size in SIZES if size <= largest]
    if len(sizes) < 2:
        sizes = [max(1, largest // 10), max(10, largest)]
    with store_folder() as folder:
        measured = {size: measured_steps(folder, size, repeat * MORE.get(size, 1)) for size in sizes}
    return [
        _row(name, {size: steps[name] for size, steps in measured.items()}) for name in measured[sizes[0]]
    ]


def exponents(seconds: dict[int, float]) -> tuple[float, float, list[int]]:
    """Return the fitted exponent, that of the last two sizes, and the sizes that count, rising."""
    sizes = sorted(seconds)
    first = len(sizes) - 2
    while first and _exponent(seconds, sizes[first - 1 : first + 1]) >= np.log10(GROWS):
        first -= 1
    return _exponent(seconds, sizes[first:]), _exponent(seconds, sizes[-2:]), sizes[first:]


def _exponent(seconds: dict[int, float], sizes: list[int]) -> float:
    slope, _ = np.polyfit(np.log(sizes), np.log([seconds[size] for size in sizes]), 1)
    return float(slope)


def _row(name: str, steps: dict[int, dict[str, Any]]) -> Row:
    seconds = {size: step["seconds"] for size, step in steps.items()}
    cpu = {size: step["cpu"] for size, step in steps.items()}
    fitted, last, counted = exponents(cpu)
    largest = max(seconds)
    shown = ", ".join(f"{taken:.2g}" for _, taken in sorted(cpu.items()))
    started = f" from {counted[0]:,}" if len(counted) < len(seconds) else ""
    primitive = name.endswith(ALONE)
    judged = largest >= JUDGED and not primitive
    bytes_ = steps[largest]["bytes"]
    return row(
        f"growth to {largest:,} items",
        name,
        seconds[largest],
        fitted,
        limit=None if primitive else f"exponent ≤ {LIMIT}",
        ok=fitted <= LIMIT if judged else None,
        note=f"CPU {shown} s; exponent{started} {fitted:.3f}, of the last two {last:.3f}",
        at_best=at_best(bytes_) if bytes_ else None,
        peak=steps[largest]["peak_mb"],
    ) | {"sizes": seconds, "cpu": cpu, "exponent": fitted, "last_exponent": last, "counted": counted}
