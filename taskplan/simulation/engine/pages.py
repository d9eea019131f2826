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

    `draw` makes the next rows of one person's stream. `blocks` are the blocks of replications
    side by side.
    """

    def __init__(
        self,
        people: Sequence[Worker],
        seed: int,
        purpose: int,
        blocks: range,
        draw: Callable[[Worker, np.random.Generator, int], Floats],
    ) -> None:
        self.people, self.draw = people, draw
        self.streams = [[stream(seed, p.email, purpose, block) for block in blocks] for p in people]
        self.width = len(blocks) * BLOCK
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
        for block, generator in enumerate(self.streams[person]):
            page[:, block * BLOCK : (block + 1) * BLOCK] = self.draw(self.people[person], generator, ROWS)
        self.index[person, self.drawn[person]] = self.used
        self.drawn[person] += 1
        self.used += 1
