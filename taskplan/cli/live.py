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
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import click
import msgspec

from taskplan.cli import options

if TYPE_CHECKING:
    from taskplan.replay.backend import Backend

F = TypeVar("F", bound=Callable[..., Any])


class Connection(msgspec.Struct, forbid_unknown_fields=True):
    """Which backend, and how to reach it; what is None is left to the backend."""

    backend: str | None = None
    gate_url: str | None = None
    project: str | None = None
    token_file: str | None = None
    request_items: Annotated[int, msgspec.Meta(ge=1, le=80_000)] | None = None
    replay: Literal["exact", "native"] | None = None


class _Config(msgspec.Struct, forbid_unknown_fields=True):
    profiles: dict[str, dict[str, Any]]


def live_options(function: F) -> F:
    """Add the options of a connection to a command, which gets them as `connection`."""

    @functools.wraps(function)
    def with_connection(**given: Any) -> Any:
        names = Connection.__struct_fields__
        asked = {name: given.pop(name) for name in names}
        profile = given.pop("profile")
        found = _profile(profile) if profile is not None else Connection()
        values = {name: asked[name] if asked[name] is not None else getattr(found, name) for name in names}
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
                "--request-items", type=click.IntRange(1, 80_000), help="So many items go into one request."
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
    said = {key: value for key, value in msgspec.structs.asdict(connection).items() if value is not None}
    if name == "sqlite":
        foreign = [f"--{key.replace('_', '-')}" for key in said if key != "backend"]
        if foreign:
            verb = "belongs" if len(foreign) == 1 else "belong"
            raise click.UsageError(f"{', '.join(foreign)} {verb} to a live backend; add --backend dataloop")
        return options.using_backend(name, store)
    return closing(load_backend(name, {"store": store, **defaults, **said}))


def _profile(name: str) -> Connection:
    import yaml

    from taskplan.errors import InputError, NotFoundError, did_you_mean

    path = Path(os.environ.get("TASKPLAN_CONFIG") or Path.home() / ".config/taskplan/config.yaml")
    source = str(path)
    try:
        config = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), _Config)
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", source=source) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("is no YAML", source=source) from error
    except msgspec.ValidationError as error:
        raise InputError(_words(error), source=source) from error
    if name not in config.profiles:
        hint = did_you_mean(name, config.profiles)
        raise NotFoundError(f'there is no profile "{name}"', source=source, hint=hint)
    said = config.profiles[name]
    where = f"profiles.{name}"
    for field in said:
        if field not in Connection.__struct_fields__:
            hint = did_you_mean(str(field), Connection.__struct_fields__)
            raise InputError(f'unknown field "{field}"', source=source, path=where, hint=hint)
    try:
        return msgspec.convert(said, Connection)
    except msgspec.ValidationError as error:
        raise InputError(_words(error), source=source, path=where) from error


def _words(error: msgspec.ValidationError) -> str:
    text = str(error)
    return text[:1].lower() + text[1:].replace("`", '"')
