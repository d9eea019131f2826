"""The page that a browser shows at the gate's root, and what it asks for: read-only, and nothing from afar.

The page itself holds no data, so it needs no token; what it shows, it asks for
with the token that stands behind the ``#`` of its address. Browsers send that part
to nobody, so it is in no log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from taskplan_sqlite.gate.routing import Call, Reply, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform.overview import items_of_task
from taskplan_sqlite.platform.rows import require

RECENT = 12
"""So many of the last requests are shown."""
_FILES = {
    "/": ("index.html", "text/html"),
    "/_taskplan/page/page.js": ("page.js", "text/javascript"),
    "/_taskplan/page/page.css": ("page.css", "text/css"),
    "/_taskplan/page/lit-html.js": ("lit-html.js", "text/javascript"),
}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

routes = Routes()


def page_routes() -> list[WebRoute]:
    """Return the routes of the page and of the files it is made of."""
    return [WebRoute(path, _file(*found)) for path, found in _FILES.items()]


def _file(name: str, mimetype: str) -> Callable[[Request], Awaitable[Response]]:
    content = files("taskplan_sqlite.gate").joinpath("page", name).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, headers=_HEADERS, media_type=mimetype)

    return answer


@routes("GET", "/_taskplan/overview")
def overview(gate: Gate, call: Call) -> Any:
    """Datasets, the newest tasks with their loads and statuses, and what was asked last."""
    seen = {
        **gate.overview.read(),
        "user": gate.options.user,
        "store": gate.store.path.name,
        "recent": [
            {name: entry.get(name) for name in ("at", "method", "path", "status")}
            for entry in list(gate.requests)[-RECENT:]
        ],
    }
    mark = f'"{hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:32]}"'
    if call.etag == mark:
        return Reply(status=304)
    return Reply(seen, headers={"ETag": mark})


@routes("GET", "/_taskplan/tasks/{taskId}/items", query=("page",))
def task_items(gate: Gate, call: Call) -> Any:
    """A page of a task's items, with who has them and their statuses."""
    connection = gate.store.connection
    task = require(connection, "task", call.path["taskId"])
    return items_of_task(connection, task["id"], call.number("page", 0))
