"""Where independent pieces of work are done: in this process, or on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class Spread(Protocol):
    """Does pieces of work, anywhere and in any sequence, and gives the results in the order of the pieces.

    A function that is spread is a function of its piece alone, so that it makes no difference where,
    how often or beside what else it runs.
    """

    @property
    def width(self) -> int:
        """How many pieces are done at once, as far as is known now; at least 1."""

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        """Yield ``function(piece)`` for each piece, in order; function, pieces and results can be pickled.

        The error of the first piece that fails, in the order of the pieces, is raised when its turn
        comes. Only so many pieces are taken ahead of the results that memory stays bounded.
        """


class Here:
    """The pieces one after the other, in this process."""

    width = 1

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        """Yield ``function(piece)`` for each piece."""
        return map(function, pieces)


HERE: Spread = Here()
