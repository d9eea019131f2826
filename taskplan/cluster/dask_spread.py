"""Pieces of work on the workers of a dask cluster, with their results in order."""

# mypy: allow-untyped-calls, allow-any-generics

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from taskplan.cluster.versions import versions_here
from taskplan.cluster.work import done, received
from taskplan.errors import BackendError

if TYPE_CHECKING:
    from distributed import Client, Future

P = TypeVar("P")
R = TypeVar("R")

AHEAD = 3
"""So many pieces for each thread are on their way: one is done, one is next, one waits for its turn."""
SHARED = 1_000_000
"""Bytes of a function from which it goes to a worker once, and not with every piece."""
LOOK = 1.0
"""Seconds after which it is looked again which workers there are."""
PATIENCE = 60.0
"""Seconds without any worker after which none is expected any more."""


class DaskSpread:
    """Spreads over whatever workers there are, as they come and go.

    A piece whose worker dies is done by another; BackendError where that happens too often (the scheduler's
    ``allowed-failures``), where there is no worker for `patience` seconds, or no scheduler any more.
    """

    def __init__(self, client: Client, address: str, *, patience: float = PATIENCE) -> None:
        self._client, self._address, self._patience = client, address, patience
        self._threads, self._seen = 0, time.monotonic()
        self._looked = -LOOK

    @property
    def width(self) -> int:
        """How many threads the workers have together."""
        return max(1, self._look())

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        """Yield ``function(piece)`` for each piece, in order."""
        name = f"{_name(function)}-{uuid4().hex}"
        blob = pickle.dumps(function, protocol=5)
        # A future, and not data laid out on workers: when they die with it, it can be made again.
        shared = self._submit(received, blob, key=f"function-{name}") if len(blob) > SHARED else None
        call = shared or blob
        waiting: deque[Future] = deque()
        source = enumerate(pieces)
        self._seen = time.monotonic()
        try:
            while True:
                for number, piece in islice(source, max(0, AHEAD * self.width - len(waiting))):
                    words = (versions_here(), call, pickle.dumps(piece, protocol=5))
                    waiting.append(self._submit(done, *words, key=f"{name}-{number}"))
                if not waiting:
                    return
                if self._settled(waiting[0]):
                    yield self._result(waiting.popleft())
        finally:
            if waiting and self._client.status == "running":
                self._client.cancel(list(waiting), force=True)
            waiting.clear()
            if shared is not None:
                shared.release()

    def _submit(self, function: Callable[..., Any], *words: Any, key: str) -> Future:
        try:
            return self._client.submit(function, *words, key=key, pure=False)
        except Exception as error:
            raise self._lost() from error

    def _settled(self, future: Future) -> bool:
        """Wait a little; tell whether the piece has come to an end."""
        from distributed import CancelledError, wait
        from distributed import TimeoutError as NotYet

        try:
            with self._client.as_current():
                wait(future, timeout=LOOK)
        except NotYet:
            if self._look():
                self._seen = time.monotonic()
            elif time.monotonic() > self._seen + self._patience:
                raise BackendError(
                    f"{self._address}: there has been no worker for {self._patience:.0f} s; "
                    f"`dask worker {self._address}` starts one"
                ) from None
            return False
        except CancelledError:
            pass
        return True

    def _result(self, future: Future) -> Any:
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            return future.result()
        except KilledWorker as error:
            raise BackendError(
                f"{self._address}: a piece of work was given up, as {error.allowed_failures + 1} workers "
                "died over it; most often they have too little memory"
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise self._lost() from error
        finally:
            # Whoever keeps the error keeps the frames it went through, but not the piece.
            future.release()

    def _look(self) -> int:
        """Return how many threads there are, as of lately."""
        if time.monotonic() < self._looked + LOOK:
            return self._threads
        try:
            self._threads = sum(self._client.nthreads().values())
        except Exception as error:
            raise self._lost() from error
        self._looked = time.monotonic()
        return self._threads

    def _lost(self) -> BackendError:
        return BackendError(f"{self._address}: the connection to the scheduler was lost", retryable=True)


def _name(function: Callable[..., Any]) -> str:
    """Return what the pieces are called where dask shows them."""
    inner = getattr(function, "func", function)
    return str(getattr(inner, "__name__", type(inner).__name__)).strip("_<>")
