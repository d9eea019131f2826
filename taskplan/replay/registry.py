"""Backends by name, found through the entry-point group ``taskplan.backends``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from taskplan.errors import NotFoundError, did_you_mean
from taskplan.replay.backend import Backend, BackendPlugin

GROUP = "taskplan.backends"


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """A backend as listed: its name, one line on it, and what it can do."""

    name: str
    summary: str
    capabilities: tuple[str, ...] = ()


def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_backend(name: str, options: Mapping[str, Any]) -> Backend:
    """Open the backend `name` with the options of the command line; NotFoundError with the nearest name."""
    found = _found()
    if name not in found:
        listed = ", ".join(sorted(found)) or "none"
        raise NotFoundError(f'there is no backend "{name}", only {listed}', hint=did_you_mean(name, found))
    plugin: BackendPlugin = found[name].load()
    return plugin.connect(options)


def list_backends() -> tuple[BackendInfo, ...]:
    """Return the installed backends, sorted by name."""
    found = []
    for name, entry in sorted(_found().items()):
        plugin: BackendPlugin = entry.load()
        found.append(BackendInfo(name, plugin.summary, tuple(plugin.capabilities)))
    return tuple(found)
