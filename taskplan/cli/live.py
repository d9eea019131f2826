"""Options of backends that are not a file: where they are, which project, whose token; by option or profile.

Profiles stand in a YAML file (``~/.config/taskplan/config.yaml``, or where
TASKPLAN_CONFIG says). They name files that hold tokens, never tokens:

    profiles:
      production: {backend: dataloop, project: Fruit, token_file: ~/.secrets/dataloop}
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from taskplan.cli import options

if TYPE_CHECKING:
    from taskplan.replay.backend import Backend

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Connection:
    """Which backend, and how to reach it; what is None is left to the backend."""

    backend: str | None = None
    gate_url: str | None = None
    project: str | None = None
    token_file: str | None = None
    request_items: int | None = None
    replay: Literal["exact", "native"] | None = None


_NAMES = tuple(field.name for field in fields(Connection))
MOST_ITEMS = 80_000


def live_options(function: F) -> F:
    """Add the options of a connection to a command, which gets them as `connection`."""

    @functools.wraps(function)
    def with_connection(**given: Any) -> Any:
        asked = {name: given.pop(name) for name in _NAMES}
        profile = given.pop("profile")
        found = _profile(profile) if profile is not None else Connection()
        values = {name: asked[name] if asked[name] is not None else getattr(found, name) for name in _NAMES}
        return function(connection=Connection(**values), **given)

    for option in reversed(
        (
            click.option(
                "--backend", help="Where to perform: sqlite (the default) or another; see `backends`."
            ),
            click.option("--gate-url", metavar="URL", help="Address of the platform's API."),
            click.option("--project", help="The project on a live backend; else the one of the plan."),
            click.option("--token-file", metavar="FILE", help="A file that holds the token."),
            click.option(
                "--request-items",
                type=click.IntRange(1, MOST_ITEMS),
                help="So many items go into one request.",
            ),
            click.option(
                "--replay",
                type=click.Choice(["exact", "native"]),
                help="Send items by id (exact, the default), or let the platform split where it can.",
            ),
            click.option(
                "--profile", metavar="NAME", help="Take all that from a profile of the config file."
            ),
        )
    ):
        with_connection = option(with_connection)
    return with_connection  # type: ignore[return-value]


def connect(connection: Connection, store: Path, **defaults: Any) -> closing[Backend]:
    """Open the backend of a connection for a `with` block; `defaults` count where nothing was said."""
    from taskplan.replay.registry import load_backend

    name = connection.backend or "sqlite"
    said = {key: value for key, value in asdict(connection).items() if value is not None}
    if name == "sqlite":
        foreign = [f"--{key.replace('_', '-')}" for key in said if key != "backend"]
        if foreign:
            verb = "belongs" if len(foreign) == 1 else "belong"
            raise click.UsageError(f"{', '.join(foreign)} {verb} to a live backend; add --backend dataloop")
        return options.using_backend(name, store)
    return closing(load_backend(name, {"store": store, **defaults, **said}))


def _profile(name: str) -> Connection:
    import msgspec
    import yaml

    from taskplan.errors import InputError, NotFoundError, did_you_mean

    path = Path(os.environ.get("TASKPLAN_CONFIG") or Path.home() / ".config/taskplan/config.yaml")
    source = str(path)
    try:
        config = msgspec.convert(
            yaml.safe_load(path.read_text(encoding="utf-8")), dict[str, dict[str, dict[str, Any]]]
        )
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", source=source) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("is no YAML", source=source) from error
    except msgspec.ValidationError as error:
        raise InputError(_words(error), source=source) from error
    profiles = config.get("profiles", {})
    if name not in profiles:
        hint = did_you_mean(name, profiles)
        raise NotFoundError(f'there is no profile "{name}"', source=source, hint=hint)
    said = profiles[name]
    where = f"profiles.{name}"
    for field in said:
        if field not in _NAMES:
            hint = did_you_mean(str(field), _NAMES)
            raise InputError(f'unknown field "{field}"', source=source, path=where, hint=hint)
    try:
        found = msgspec.convert(said, Connection)
    except msgspec.ValidationError as error:
        raise InputError(_words(error), source=source, path=where) from error
    if found.request_items is not None and not 1 <= found.request_items <= MOST_ITEMS:
        told = f"expected a number of 1 to {MOST_ITEMS}, got {found.request_items}"
        raise InputError(told, source=source, path=f"{where}.request_items")
    return found


def _words(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:].replace("`", '"')
