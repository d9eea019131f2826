"""A gate that listens on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from taskplan.errors import BackendError
from taskplan_sqlite.gate.app import PREFIX, make_app
from taskplan_sqlite.gate.failing import Failing
from taskplan_sqlite.gate.service import Gate, Options
from taskplan_sqlite.store.store import SqliteStore

HOST = "127.0.0.1"
_STARTING_SECONDS = 20.0


def listen(port: int) -> socket.socket:
    """Return a socket on loopback; port 0 takes a free one. BackendError where it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise BackendError(f"port {port} of {HOST} cannot be used: {error.strerror}") from error
    return listener


@contextmanager
def open_gate(store: Path, options: Options, *, create: bool = False) -> Iterator[Gate]:
    """Open a store and a gate over it, not listening yet."""
    opened = SqliteStore(store, create=create, threads=True)
    try:
        yield Gate(opened, options)
    finally:
        opened.close()


def server_of(gate: Gate, listener: socket.socket) -> uvicorn.Server:
    """Return the server of a gate, and tell the gate its address."""
    gate.url = f"http://{HOST}:{listener.getsockname()[1]}{PREFIX}"
    config = uvicorn.Config(
        Failing(make_app(gate), lambda: gate.faults),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


@contextmanager
def running(gate: Gate, port: int = 0) -> Iterator[Gate]:
    """Answer requests in a thread of its own for the time of a `with` block."""
    listener = listen(port)
    server = server_of(gate, listener)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _STARTING_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    if not server.started:
        raise BackendError("the gate did not start")
    try:
        yield gate
    finally:
        server.should_exit = True
        thread.join(_STARTING_SECONDS)
        listener.close()
