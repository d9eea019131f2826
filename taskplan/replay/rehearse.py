"""Performing a plan on a throwaway copy of a backend."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from taskplan.errors import BackendError
from taskplan.planning.document import Plan
from taskplan.replay.backend import Backend
from taskplan.replay.executor import Clock, ReplayReport, apply_plan
from taskplan.replay.journal import Journal
from taskplan.replay.verify import Verification


@runtime_checkable
class Rehearsable(Protocol):
    """A backend that can be copied; the copy and the path for its journal are gone after the block."""

    def rehearsal_copy(self) -> AbstractContextManager[tuple[Backend, Path]]: ...


def rehearse_plan(
    plan: Plan, backend: Backend, *, actor: str, clock: Clock
) -> tuple[ReplayReport, Verification]:
    """Apply a plan to a copy and verify it there; BackendError where the backend cannot be copied."""
    if not isinstance(backend, Rehearsable):
        raise BackendError(f"{backend.describe().name} cannot be copied for a rehearsal")
    with backend.rehearsal_copy() as (copy, path), Journal(path) as journal:
        report = apply_plan(plan, copy, journal, actor=actor, clock=clock)
        return report, report.verification
