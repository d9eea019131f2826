"""The way to a cluster: one that is there, or one of this machine's processes for the time being."""

# mypy: allow-untyped-calls, allow-any-generics

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from taskplan.errors import BackendError, InputError, MissingExtraError
from taskplan.spread import Spread

if TYPE_CHECKING:
    from distributed import Client

CONNECTING = 10.0
"""Seconds in which a scheduler has to answer."""
SCHEMES = ("tcp", "tls", "ws", "wss", "ucx", "ucxx")
ADDRESS = re.compile(rf"(?:(?:{'|'.join(SCHEMES)})://)?(?:\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]]+):(\d{{1,5}})/?")
SETTINGS = {
    # A large function is meant to go through the scheduler.
    "distributed.admin.large-graph-warning-threshold": "1TB",
    # Nobody's source code is sent along.
    "distributed.diagnostics.computations.nframes": 0,
}


@contextmanager
def open_cluster(scheduler: str | None, *, workers: int | None = None) -> Iterator[Spread]:
    """Connect to a scheduler (``tcp://host:8786``), or start a cluster on this machine where it is None.

    That one has so many `workers` as there are processors, each a process of one thread, since what they do
    holds Python's lock; it is closed at the end. As such processes import the script that starts them, it
    has to do so under ``if __name__ == "__main__":``. MissingExtraError without dask; InputError for what is
    no address; BackendError where nobody answers, or there are other versions than here.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise MissingExtraError("--engine dask", "dask") from error
    from taskplan.cluster.dask_spread import DaskSpread
    from taskplan.cluster.quiet import quiet

    if scheduler is not None:
        check_address(scheduler)
    with ExitStack() as stack:
        stack.enter_context(quiet())
        stack.enter_context(dask.config.set(SETTINGS))
        if scheduler is None:
            from taskplan.cluster.local import local_cluster

            cluster = stack.enter_context(local_cluster(workers))
            client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
            address = "the local cluster"
        else:
            client, address = stack.enter_context(_connected(scheduler)), scheduler
        yield DaskSpread(client, address)


def check_address(text: str) -> None:
    """Raise InputError for what cannot be the address of a scheduler."""
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[1]) < 2**16:
        raise InputError(f'expected an address such as tcp://host:8786, got "{text}"', source="--scheduler")


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    from taskplan.cluster.versions import check_cluster

    with ExitStack() as stack:
        try:
            _check_answer(scheduler)
            with warnings.catch_warnings():
                # Which versions matter is checked here.
                warnings.simplefilter("ignore")
                client = stack.enter_context(Client(scheduler, timeout=CONNECTING, set_as_default=False))
            check_cluster(client, scheduler)
        except BackendError:
            raise
        except Exception as error:
            why = (str(error).splitlines() or [type(error).__name__])[0]
            raise BackendError(f"{scheduler}: no scheduler answers there ({why})", retryable=True) from error
        yield client


def _check_answer(address: str) -> None:
    """Raise an error unless a scheduler answers in time: the client itself would wait for ever."""
    from distributed import rpc
    from distributed.security import Security

    async def ask() -> str:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as there:
            return str((await there.identity())["type"])

    async def ask_in_time() -> str:
        try:
            return await asyncio.wait_for(ask(), CONNECTING)
        except TimeoutError as error:
            raise OSError(f"nothing understood in {CONNECTING:.0f} s") from error

    # A thread, for where this is called a loop may be running.
    with ThreadPoolExecutor(1) as pool:
        kind = pool.submit(asyncio.run, ask_in_time()).result()
    if kind != "Scheduler":
        raise OSError(f"a {kind.lower()} does")
