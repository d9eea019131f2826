"""Options that are spelt the same in every command, and the doors they open."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from taskplan.model.store import ItemStore
    from taskplan.planning.document import Plan
    from taskplan.replay.backend import Backend
    from taskplan.spread import Spread

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)

store_option = click.option(
    "--store",
    type=PATH,
    default=Path("taskplan.db"),
    envvar="TASKPLAN_STORE",
    show_default=True,
    show_envvar=True,
    help="The SQLite file that holds items, tasks and the journal.",
)
dataset_option = click.option("--dataset", help="The dataset; not needed where the store has one.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask before a live backend is changed.")
workforce_option = click.option(
    "--workforce",
    "workforce_file",
    type=PATH,
    metavar="FILE",
    help="Who works how fast and when (`taskplan init team.yaml --workforce` writes one).",
)
start_option = click.option(
    "--start",
    metavar="DATE",
    help="When the work begins (UTC without an offset); else the workforce's start.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Work in this process, or on the workers of a dask cluster; the outcome is the same.",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="URL",
    help="The cluster for --engine dask (tcp://host:8786); else one is started on this machine.",
)
plan_argument = click.argument("plan_file", metavar="PLAN", type=PATH)


def check_email(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return an option's value if it is an e-mail address; for use as a click callback."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise click.BadParameter(f'expected an e-mail address, got "{value}"')
    return value


def open_store(path: Path, *, create: bool = False) -> ItemStore:
    """Open the default backend's store; NotFoundError where there is none and `create` is not set."""
    backend = open_backend("sqlite", path, create=create)
    return cast("ItemStore", backend.store)  # type: ignore[attr-defined]


def open_backend(name: str, store: Path, *, create: bool = False) -> Backend:
    """Open a backend by its registered name."""
    from taskplan.errors import NotFoundError
    from taskplan.replay.registry import load_backend

    if name == "sqlite" and not create and not store.exists():
        raise NotFoundError(
            "there is no store here",
            source=str(store),
            hint=f"`taskplan import PATH --store {store}` makes one",
        )
    return load_backend(name, {"store": store, "create": create})


def using_store(path: Path, *, create: bool = False) -> closing[ItemStore]:
    """Open the store for a `with` block."""
    return closing(open_store(path, create=create))


def using_backend(name: str, store: Path) -> closing[Backend]:
    """Open a backend for a `with` block."""
    return closing(open_backend(name, store))


def dataset_name(source: Path) -> str:
    """Return what a dataset read from a path is called where nothing names it."""
    from taskplan.model.snapshots.manifest import MANIFEST

    if (source / MANIFEST).is_file():
        from taskplan.model.snapshots import open_snapshot

        return open_snapshot(str(source)).dataset
    try:
        return source.resolve().name.split(".")[0]
    except (OSError, RuntimeError):
        # A link that leads to itself, of which whoever reads it will say more.
        return source.name


def usual_store() -> Path:
    """Return the store that commands take where none is named."""
    return Path(os.environ.get("TASKPLAN_STORE") or "taskplan.db")


def using_engine(engine: str, scheduler: str | None) -> AbstractContextManager[Spread]:
    """Open where the work is done for a `with` block; UsageError for a scheduler that is not asked for."""
    from taskplan.spread import HERE

    if engine == "local":
        if scheduler is not None:
            raise click.UsageError("--scheduler is for --engine dask")
        return nullcontext(HERE)
    from taskplan.cluster import open_cluster

    return open_cluster(scheduler)


def now() -> float:
    """Return the time in milliseconds since 1970, as the platform counts it."""
    return time.time() * 1000


def moment_of(text: str | None, option: str) -> float | None:
    """Return a date given as an option as milliseconds since 1970; InputError where it is none."""
    if text is None:
        return None
    from taskplan.errors import InputError
    from taskplan.model.times import EXAMPLE, read_moment

    try:
        return read_moment(text)
    except ValueError as error:
        raise InputError(f'expected {EXAMPLE}, got "{text}"', source=option) from error


def load_plan(path: Path) -> Plan:
    """Read and verify a plan file."""
    from taskplan.planning.codec import read_plan

    return read_plan(path)


def journal_path(backend: Backend, store: Path) -> Path:
    """Return where the journal of a backend is: in the store itself, or, of a live one, beside it.

    What was done in one place is not done in another.
    """
    import hashlib

    said = backend.describe()
    if said.local:
        return store
    place = hashlib.sha256(said.place.encode()).hexdigest()[:8]
    return store.with_name(f"{store.name}.{said.name}-{place}.journal")


def keep_applied(target: Path, store: Path, digest: str | None = None) -> None:
    """Refuse to write over a plan that was applied to the store, for undoing it needs the file.

    PlanError unless it is the plan `digest` itself.
    """
    from taskplan.errors import PlanError
    from taskplan.planning.codec import read_plan
    from taskplan.replay.journal import read_entries

    if not target.is_file():
        return
    try:
        old = read_plan(target)
    except PlanError:
        return
    if old.digest == digest:
        return
    keys = [operation.key for operation in old.operations]
    journals = [store, *store.absolute().parent.glob(f"{glob.escape(store.name)}.*.journal")]
    entries = [entry for journal in journals for entry in read_entries(journal, keys).values()]
    if any(entry.plan == old.digest and entry.state in ("intent", "done") for entry in entries):
        raise PlanError(
            f"holds a plan that was applied to {store}, and undo needs it",
            source=str(target),
            hint="write to another file, or undo it first",
        )
