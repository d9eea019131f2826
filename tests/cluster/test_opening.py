"""The way to a cluster that is there, and what may stand in it."""

from __future__ import annotations

import builtins
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import repeat
from typing import Any

import pytest

from taskplan.cluster import open_cluster, opening, versions
from taskplan.cluster.dask_spread import DaskSpread
from taskplan.errors import BackendError, InputError, MissingExtraError
from tests.cluster import pieces
from tests.cluster.conftest import Scheduler


@pytest.fixture
def address(spread: DaskSpread) -> str:
    """Of a scheduler that is there."""
    return str(spread._client.scheduler.address)


def test_a_scheduler_that_is_there_is_used_and_left_there(address: str, spread: DaskSpread) -> None:
    with open_cluster(address) as connected:
        assert connected.width == 2
        assert list(connected.map(pieces.square, range(5))) == [0, 1, 4, 9, 16]
    assert list(spread.map(pieces.square, [3])) == [9]


@pytest.mark.parametrize(
    "text",
    [
        "htp://x:1",
        "tcp://host",
        "host",
        "",
        "tcp://",
        "tcp://host:none",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://a b:1",
        "tcp:/host:8786",
        "http://host:8786",
        "tcp://host:8786/path",
        "tcp://me@host:1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught, open_cluster(text):
        pass
    assert str(caught.value) == f'--scheduler: expected an address such as tcp://host:8786, got "{text}"'


@pytest.mark.parametrize("text", ["tcp://host:8786", "host:8786", "tls://10.0.0.1:1/", "tcp://[::1]:8786"])
def test_addresses_as_dask_writes_them(text: str) -> None:
    opening.check_address(text)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    monkeypatch.setattr(opening, "CONNECTING", 1.0)


@pytest.fixture
def others() -> Iterator[int]:
    """The port of a server of another kind."""

    class Silent(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def unused() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.usefixtures("hasty")
def test_nobody_at_that_port_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    place = f"tcp://127.0.0.1:{unused()}"
    with pytest.raises(BackendError) as caught, open_cluster(place):
        pass
    said = str(caught.value)
    assert said.startswith(f"{place}: no scheduler answers there (")
    assert "\n" not in said
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("hasty")
def test_a_server_of_another_kind_is_one_line(others: int, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(BackendError, match=r": no scheduler answers there \(nothing understood in 1 s\)$"),
        open_cluster(f"tcp://127.0.0.1:{others}"),
    ):
        pass
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("hasty")
def test_a_worker_is_no_scheduler(spread: DaskSpread, capfd: pytest.CaptureFixture[str]) -> None:
    worker = next(iter(spread._client.nthreads()))
    with (
        pytest.raises(BackendError, match=r"no scheduler answers there \(a worker does\)"),
        open_cluster(worker),
    ):
        pass
    assert capfd.readouterr() == ("", "")


def test_another_version_there_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = versions.versions_here()
    monkeypatch.setattr(versions, "versions_here", lambda: (here[0], "3.99", here[2]))
    with pytest.raises(BackendError) as caught, open_cluster(address):
        pass
    numbers = f"taskplan {here[0]}, Python {{}}, numpy {here[2]}"
    assert str(caught.value) == (
        f"the scheduler {address} has {numbers.format(here[1])}; expected {numbers.format('3.99')}, as here"
    )


def test_a_cluster_without_taskplan_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    versions.versions_here()
    monkeypatch.setattr(versions, "PACKAGES", ("taskplan-that-is-not-there", "numpy"))
    with (
        pytest.raises(BackendError, match=r"^the scheduler tcp://\S+ has no taskplan-that-is-not-"),
        open_cluster(address),
    ):
        pass


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *about: Any, **more: Any) -> Any:
        if name.split(".")[0] in ("dask", "distributed"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *about, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught, open_cluster(None):
        pass
    assert str(caught.value) == '--engine dask needs the extra "dask": pip install "taskplan[dask]"'


@pytest.mark.usefixtures("hasty")
def test_a_scheduler_that_is_lost_is_one_line(
    scheduler: Scheduler, capfd: pytest.CaptureFixture[str]
) -> None:
    with scheduler.worker(), open_cluster(scheduler.address) as connected:
        results = connected.map(pieces.process_of, [0.0, 30.0])
        assert next(results) != os.getpid()
        scheduler.process.kill()
        with pytest.raises(BackendError) as caught:
            next(results)
    assert str(caught.value) == f"{scheduler.address}: the connection to the scheduler was lost"
    assert capfd.readouterr() == ("", "")


def test_workers_come_and_go(scheduler: Scheduler) -> None:
    with open_cluster(scheduler.address) as connected:
        # Nobody is there yet.
        results = connected.map(pieces.process_of, repeat(0.02))
        with scheduler.worker() as first:
            before = next(results)
            with scheduler.worker():
                after = next(found for found in results if found != before)
                first.kill()
                found = [next(results) for _ in range(30)]
                results.close()  # type: ignore[attr-defined]
    # What was ready on the first is done again.
    assert set(found[-20:]) == {after}
