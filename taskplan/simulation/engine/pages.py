"""Everybody's random numbers, drawn as far as the piece of work that comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from taskplan.simulation.draws import BLOCK, stream
from taskplan.simulation.jobs import Counts, Floats
from taskplan.simulation.workforce import Worker

ROWS = 32
"""Pieces of work on a page."""


class Pages:
    """Numbers by person, piece and replication, in pages of `ROWS` pieces that are drawn when needed.

    `draw` makes the next rows of one person's stream. `columns` are the replications side by side;
    `pieces` ([replications × people], kept up to date by its owner) are the next pieces: numbers of
    pieces that all replications have behind them are forgotten.
    """

    def __init__(
        self,
        people: Sequence[Worker],
        seed: int,
        purpose: int,
        columns: range,
        pieces: Counts,
        draw: Callable[[Worker, np.random.Generator, int], Floats],
    ) -> None:
        self.people, self.draw, self.pieces = people, draw, pieces
        blocks = range(columns.start // BLOCK, -(-columns.stop // BLOCK))
        self.streams = [[stream(seed, p.email, purpose, block) for block in blocks] for p in people]
        self.width = len(columns)
        # Of a block that is there only in part the rest is drawn and left out.
        self.parts = [
            (max(columns.start - block * BLOCK, 0), min(columns.stop - block * BLOCK, BLOCK))
            for block in blocks
        ]
        self.pages: Floats = np.empty((4, ROWS, self.width))
        self.free: list[int] = list(range(len(self.pages)))
        self.kept: Counts = np.zeros(len(people), dtype=np.int64)
        """Everybody's first page that is not forgotten."""
        self.drawn: Counts = np.zeros(len(people), dtype=np.int64)
        self.index: Counts = np.zeros((len(people), 4), dtype=np.int64)

    def at(self, person: Counts, piece: Counts, column: Counts) -> Floats:
        """Return the numbers of these people for these pieces of theirs, in these columns."""
        page, row = np.divmod(piece, ROWS)
        lacking = page >= self.drawn[person]
        if lacking.any():
            for number in np.unique(person[lacking]).tolist():
                self._draw_next(number)
        place = (self.index[person, page] * ROWS + row) * self.width + column
        found: Floats = self.pages.reshape(-1)[place]
        return found

    def _draw_next(self, person: int) -> None:
        self._forget(person)
        if not self.free:
            self.free = list(range(len(self.pages), 2 * len(self.pages)))
            self.pages = np.concatenate([self.pages, np.empty_like(self.pages)])
        if self.drawn[person] == self.index.shape[1]:
            self.index = np.concatenate([self.index, np.zeros_like(self.index)], axis=1)
        number = self.free.pop()
        page, filled = self.pages[number], 0
        for generator, (begin, end) in zip(self.streams[person], self.parts, strict=True):
            drawn = self.draw(self.people[person], generator, ROWS)
            page[:, filled : filled + end - begin] = drawn[:, begin:end]
            filled += end - begin
        self.index[person, self.drawn[person]] = number
        self.drawn[person] += 1

    def _forget(self, person: int) -> None:
        first = int(self.pieces[person :: len(self.people)].min()) // ROWS
        self.free += self.index[person, self.kept[person] : first].tolist()
        self.kept[person] = max(first, int(self.kept[person]))
