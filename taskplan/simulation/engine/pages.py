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

    `draw` makes the next rows of one person's stream. `columns` are the replications side by side.
    """

    def __init__(
        self,
        people: Sequence[Worker],
        seed: int,
        purpose: int,
        columns: range,
        draw: Callable[[Worker, np.random.Generator, int], Floats],
    ) -> None:
        self.people, self.draw = people, draw
        blocks = range(columns.start // BLOCK, -(-columns.stop // BLOCK))
        self.streams = [[stream(seed, p.email, purpose, block) for block in blocks] for p in people]
        self.width = len(columns)
        # Of a block that is there only in part the rest is drawn and left out.
        self.parts = [
            (max(columns.start - block * BLOCK, 0), min(columns.stop - block * BLOCK, BLOCK))
            for block in blocks
        ]
        self.pages: Floats = np.empty((4, ROWS, self.width))
        self.used = 0
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
        if self.used == len(self.pages):
            self.pages = np.concatenate([self.pages, np.empty_like(self.pages)])
        if self.drawn[person] == self.index.shape[1]:
            self.index = np.concatenate([self.index, np.zeros_like(self.index)], axis=1)
        page = self.pages[self.used]
        filled = 0
        for generator, (begin, end) in zip(self.streams[person], self.parts, strict=True):
            drawn = self.draw(self.people[person], generator, ROWS)
            page[:, filled : filled + end - begin] = drawn[:, begin:end]
            filled += end - begin
        self.index[person, self.drawn[person]] = self.used
        self.drawn[person] += 1
        self.used += 1
