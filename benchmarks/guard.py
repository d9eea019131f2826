"""Ratios that are checked with every change: what each part takes beside a yardstick, and a generous bound.

Seconds say more of the machine than of the change. Subject and yardstick take
turns, so that a noisy spell meets both, and the bound is two to three times
the ratio that is usual: what passes it has become slower, and not unlucky.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from benchmarks import guarded
from benchmarks.rows import Row, row
from benchmarks.startup import cpu_in_turn
from benchmarks.timing import in_turn

Pair = tuple[Any, Any]
"""What is timed, ours first: actions, or commands."""
Timer = Callable[[list[Any], int], list[float]]


@dataclass(frozen=True)
class Measured:
    """The ratio of a guard, its bound, and the seconds of subject and yardstick."""

    name: str
    yardstick: str
    ours: float
    theirs: float
    bound: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def kept(self) -> bool:
        return self.ratio <= self.bound

    def said(self) -> str:
        """Return a line on a bound that was passed."""
        return (
            f"{self.name}: {self.ratio:.2f} × {self.yardstick}, bound {self.bound:g}: "
            f"{100 * (self.ratio / self.bound - 1):.0f} % over"
        )

    def row(self) -> Row:
        """Return a row of the table."""
        return row(
            self.name,
            f"taskplan / {self.yardstick}",
            self.ours,
            self.ratio,
            limit=f"≤ {self.bound:g}",
            ok=self.kept,
            note=f"{self.theirs:.3g} s",
        )


@dataclass(frozen=True)
class Guard:
    """A ratio: `prepare` gives subject and yardstick; `bound` is two to three times what is usual."""

    name: str
    yardstick: str
    prepare: Callable[[], AbstractContextManager[Pair]]
    bound: float
    repeat: int = 7
    timer: Timer = in_turn

    def measure(self) -> Measured:
        """Measure both in turn; where the bound is passed once more, and the better counts."""
        with self.prepare() as subjects:
            ours, theirs = min(self._once(subjects), key=lambda seconds: seconds[0] / seconds[1])
        return Measured(self.name, self.yardstick, ours, theirs, self.bound)

    def _once(self, subjects: Pair) -> Iterator[tuple[float, float]]:
        for _ in range(2):
            ours, theirs = self.timer(list(subjects), self.repeat)
            yield ours, theirs
            if ours <= self.bound * theirs:
                return


GUARDS = (
    Guard("query", "copying the bytes it reads", guarded.query, 5, repeat=15),
    Guard("allocate, stratified", "two stable argsorts", guarded.stratified, 5),
    Guard("plan file, write", "base64, SHA-256, a durable file", guarded.writing, 2.5),
    Guard("plan file, read", "reading, SHA-256, base64", guarded.reading, 5),
    Guard("import", "orjson and sqlite3", guarded.importing, 3, repeat=3),
    Guard("open, columns", "np.load of them", guarded.opening, 12),
    Guard("plan", "base64 and SHA-256 of its ids", guarded.planning, 12),
    Guard("plan and review, growth", "a tenth of the items", guarded.growth, 15, repeat=3),
    Guard("rehearse", "sqlite3 executemany", guarded.rehearsing, 10, repeat=3),
    Guard("simulate, pulling", "a heap", guarded.pulling, 1.5, repeat=3),
    Guard("eligible", "a maximum flow by SciPy", guarded.eligible, 45),
    Guard("taskplan --help, CPU", 'python -c "import click, numpy"', guarded.starting, 1.5, 7, cpu_in_turn),
)


def named(names: Iterable[str]) -> list[Guard]:
    """Return guards by name, all where none is named; KeyError with the first that is not there."""
    known = {guard.name: guard for guard in GUARDS}
    return [known[name] for name in names] or list(GUARDS)
