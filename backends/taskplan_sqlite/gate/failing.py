"""The application behind a schedule of faults: outermost, so that it can cut connections as networks do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskplan_sqlite.gate.faults import Fault, Faults

_LONG = re.compile(r"/(annotationtasks|tasks)$|/(addToTask|removeFromTask|reassign|redistribute)$")
"""Addresses that answer with commands; a fault of commands passes others by."""
_OWN = "/_taskplan"
"""What test suites ask of a gate never fails on purpose."""


class Failing:
    """An application whose requests meet the faults of the schedule that `faults` gives now."""

    def __init__(self, app: ASGIApp, faults: Callable[[], Faults]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        fault = None
        if scope["type"] == "http" and path != "/" and _OWN not in path:
            fault = self._faults().next(scope["method"], path)
        if fault is not None and fault.kind == "command-fails" and not _LONG.search(path):
            fault = None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await _strike(fault, self._app, scope, receive, send)


async def _strike(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        await app(scope, receive, send)
        return
    if fault.kind == "expired-token":
        await _say(401, "the token has expired", scope, receive, send)
        return
    acted = fault.when == "after" or fault.kind == "truncate"
    sent = await _acted(app, scope, receive) if acted else []
    if not acted:
        await _read_all(receive)
    if fault.kind == "status":
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        await _say(fault.status, "a fault of the schedule", scope, receive, send, headers)
    elif fault.kind == "command-fails":
        await _fail_command(sent, scope, receive, send)
    else:
        if fault.kind == "truncate":
            await _send_half(sent, send)
        _cut(send)


async def _acted(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    """Let the gate act, and keep what it would have sent."""
    kept: list[Message] = []

    async def keep(message: Message) -> None:
        kept.append(message)

    await app(scope, receive, keep)
    return kept


async def _read_all(receive: Receive) -> None:
    # A client that is still sending would notice the cut before its request was out.
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _say(
    status: int,
    words: str,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: dict[str, str] | None = None,
) -> None:
    body = msgspec.json.encode({"message": words, "statusCode": status})
    await Response(body, status, headers, media_type="application/json")(scope, receive, send)


async def _fail_command(sent: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a command that has failed: it did nothing, or, where the gate has acted, all of it."""
    command: dict[str, Any] = {"id": "0" * 24, "type": "Failed", "spec": {}, "progress": 100}
    body = b"".join(message.get("body", b"") for message in sent)
    if body:
        command = msgspec.json.decode(body)
    command |= {"status": "failed", "error": "a fault of the schedule"}
    command.setdefault("url", f"/api/v1/commands/{command['id']}")
    await Response(msgspec.json.encode(command), media_type="application/json")(scope, receive, send)


async def _send_half(sent: list[Message], send: Send) -> None:
    for message in sent:
        if message["type"] == "http.response.start":
            await send(message)
    body = b"".join(message.get("body", b"") for message in sent)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


def _cut(send: Send) -> None:
    """Cut the connection as it stands; there is no other way to it than the cycle whose method `send` is."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]
