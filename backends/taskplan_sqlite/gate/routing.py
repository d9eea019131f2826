"""Routes as data: address, verb, body, what it answers. The app and the API description are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskplan_sqlite.gate.errors import GateError

if TYPE_CHECKING:
    from taskplan_sqlite.gate.service import Gate


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file: name, size in bytes, SHA-256, and where its bytes lie until the answer is sent."""

    name: str
    size: int
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, the parts of its address, its query, form and body, and the moment.

    `etag` is the version of the answer that the asker holds already.
    """

    user: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    now: float
    form: Mapping[str, str] = field(default_factory=dict)
    file: File | None = None
    etag: str | None = None

    def flag(self, name: str) -> bool:
        """Tell whether a query parameter says true."""
        return self.query.get(name, "").lower() == "true"

    def number(self, name: str, default: int, least: int = 0) -> int:
        """Return a whole number from the query; GateError 400 for anything else."""
        text = self.query.get(name)
        if text in (None, ""):
            return default
        try:
            value = int(str(text))
        except ValueError:
            value = -1
        if not least <= value < 2**31:
            raise GateError(400, f"{name}: expected a whole number from {least}, got {text!r}")
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status or headers of its own; plain data is answered with 200."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that is a file."""

    path: Path
    mimetype: str


Handler = Callable[["Gate", Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `body` is the type of its JSON body (None for none), `form` the names of form fields."""

    verb: str
    path: str
    handler: Handler
    body: Any = None
    form: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    status: int = 200

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().partition("\n")[0]


class Routes:
    """Collects the routes of one module."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(
        self,
        verb: str,
        *paths: str,
        body: Any = None,
        form: tuple[str, ...] = (),
        query: tuple[str, ...] = (),
        status: int = 200,
    ) -> Callable[[Handler], Handler]:
        """Register a handler for a verb at one or several addresses."""

        def register(handler: Handler) -> Handler:
            self.all += [Route(verb, path, handler, body, form, query, status) for path in paths]
            return handler

        return register
