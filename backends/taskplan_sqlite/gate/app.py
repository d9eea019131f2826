"""The application: every request is authenticated, decoded, performed one at a time, and answered."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route as WebRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from taskplan.errors import TaskplanError
from taskplan_sqlite.gate import control, viewing
from taskplan_sqlite.gate.errors import GateError, status_of
from taskplan_sqlite.gate.routes import ALL
from taskplan_sqlite.gate.routes.users import Login, login
from taskplan_sqlite.gate.routing import Call, File, Reply, Route, Stored
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.gate.tokens import redacted

PREFIX = "/api/v1"
MOST_BYTES = 32 * 2**20
"""A JSON body may be so large; a task's query that lists 80,000 ids takes a tenth of it."""
MOST_FILE_BYTES = 4 * 2**30
COVERAGE = "docs/gate-coverage.md"
_LOGGED_BYTES = 16_384
_BROKEN = "the request cannot be read"
_NAMES = ("127.0.0.1", "localhost")
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(gate: Gate) -> Starlette:
    """Return the application that answers for a gate."""
    routes = [
        WebRoute(PREFIX + route.path, partial(_answer, gate, route), methods=[route.verb]) for route in ALL
    ]
    routes += [
        WebRoute(prefix + route.path, partial(_answer, gate, route), methods=[route.verb])
        for route in [*control.routes.all, *viewing.routes.all]
        for prefix in ("", PREFIX)
    ]
    routes += [
        WebRoute(prefix + "/token", partial(_login, gate), methods=["POST"]) for prefix in ("", PREFIX)
    ]
    routes += viewing.page_routes()
    routes += [WebRoute("/{rest:path}", partial(_nothing, gate), methods=list(_VERBS))]
    return Starlette(
        routes=routes,
        exception_handlers={HTTPException: _refused},
        middleware=[Middleware(_OnlyLoopback)],
    )


class _OnlyLoopback:
    """Answers only to a loopback name: a page from elsewhere whose name leads here gets nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = Headers(scope=scope).get("host", "127.0.0.1").partition(":")[0]
            if asked not in _NAMES:
                refusal = _failure(403, f"this gate is 127.0.0.1, not {asked}")
                return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)


_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


async def _nothing(gate: Gate, request: Request) -> Response:
    """Answer for an address that no operation has: 501, for the platform may well have one there."""
    try:
        gate.tokens.user_of(request.headers.get("authorization"))
    except GateError as error:
        return _failure(error.status, error.message)
    return _failure(
        501, f"this gate does not do {request.method} {request.url.path}; {COVERAGE} lists what it does"
    )


def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    return _failure(status, f"{request.method} {request.url.path} is not possible")


async def _login(gate: Gate, request: Request) -> Response:
    try:
        sent = msgspec.json.decode(await _read(request), type=Login)
        with gate.lock:
            return _json(login(gate, sent))
    except GateError as error:
        return _failure(error.status, error.message)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ClientDisconnect) as error:
        return _failure(400, f"{_BROKEN}: {error}")


async def _answer(gate: Gate, route: Route, request: Request) -> Response:
    """Answer one request; what goes wrong is told in the platform's shape."""
    entry: dict[str, Any] = {
        "at": gate.clock(),
        "method": request.method,
        "path": request.url.path,
        "query": dict(request.query_params),
    }
    try:
        user = gate.tokens.user_of(request.headers.get("authorization"))
        with tempfile.NamedTemporaryFile(prefix="taskplan-upload-") as room:
            call = await _decoded(gate, route, request, user, room, entry)
            response = await run_in_threadpool(_perform, gate, route, call)
    except GateError as error:
        response = _failure(error.status, error.message)
    except TaskplanError as error:
        response = _failure(status_of(error), str(error))
    except sqlite3.OperationalError as error:
        response = _failure(503 if "locked" in str(error) else 507, f"the store cannot be used: {error}")
    except (msgspec.MsgspecError, RecursionError, ClientDisconnect, HTTPException) as error:
        response = _failure(400, f"{_BROKEN}: {error}")
    except OSError as error:
        # A full disk, or a folder for files that cannot be written.
        response = _failure(507, f"what was sent cannot be kept: {error.strerror or error}")
    except (OverflowError, UnicodeError) as error:
        # What SQLite cannot hold: numbers of more than 64 bits, halves of surrogate pairs.
        response = _failure(400, f"a value is out of range: {error}")
    entry["status"] = response.status_code
    if response.status_code >= 400:
        entry["message"] = msgspec.json.decode(response.body)["message"]
    if not request.url.path.removeprefix(PREFIX).startswith("/_taskplan"):
        gate.requests.append(msgspec.json.decode(redacted(msgspec.json.encode(entry).decode())))
    return response


def _perform(gate: Gate, route: Route, call: Call) -> Response:
    with gate.lock:
        gate.complete_datasets()
        answer = route.handler(gate, replace(call, now=gate.clock()))
    if isinstance(answer, Stored):
        return FileResponse(answer.path, media_type=answer.mimetype)
    if isinstance(answer, Reply):
        if answer.status in (204, 304):
            return Response(status_code=answer.status)
        return _json(answer.body, answer.status, answer.headers)
    return answer if isinstance(answer, Response) else _json(answer)


async def _decoded(
    gate: Gate, route: Route, request: Request, user: str, room: Any, entry: dict[str, Any]
) -> Call:
    form: dict[str, str] = {}
    file: File | None = None
    body: Any = None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if route.form and kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        form, file = await _form(request, room)
        entry["form"] = form
    elif route.body is not None:
        text = await _read(request)
        if len(text) <= _LOGGED_BYTES:
            entry["body"] = text.decode(errors="replace")
        body = _body(text, route.body)
    return Call(
        user=user,
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        body=body,
        now=0.0,
        form=form,
        file=file,
        etag=request.headers.get("if-none-match"),
    )


def _body(text: bytes, type: Any) -> Any:
    """Decode a body; nothing sent is an empty object, where that is enough."""
    if rb"\u0000" in text:
        raise GateError(400, f"{_BROKEN}: a text holds the character NUL")
    try:
        return msgspec.json.decode(text or b"{}", type=type)
    except UnicodeDecodeError as error:
        raise GateError(400, f"{_BROKEN}: {error}") from error


async def _read(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise GateError(413, f"the body is larger than {MOST_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)


async def _form(request: Request, room: Any) -> tuple[dict[str, str], File | None]:
    """Return the fields of a form and the file in it, whose bytes go into `room`."""
    fields: dict[str, str] = {}
    file: File | None = None
    async with request.form(max_files=1, max_fields=20, max_part_size=MOST_BYTES) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields[name] = str(value)
                continue
            size, digest = 0, hashlib.sha256()
            while part := await value.read(2**20):
                size += len(part)
                if size > MOST_FILE_BYTES:
                    raise GateError(413, f"the file is larger than {MOST_FILE_BYTES:,} bytes")
                digest.update(part)
                room.write(part)
            room.flush()
            file = File(value.filename or name, size, digest.hexdigest(), room.name)
    return fields, file


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(body), status, headers=dict(headers or {}), media_type="application/json"
    )


def _failure(status: int, message: str) -> Response:
    return _json({"message": redacted(message), "statusCode": status}, status)
