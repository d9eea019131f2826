"""Performing a plan on a throwaway copy."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from taskplan.errors import BackendError, InterruptedReplay
from taskplan.model.store import Progress
from taskplan.planning.document import Plan
from taskplan.replay.backend import Backend
from taskplan.replay.executor import ReplayReport, apply_plan
from taskplan.replay.journal import Journal
from taskplan.replay.verify import Verification


@runtime_checkable
class Rehearsable(Protocol):
    """A backend that can be copied and thrown away."""

    def rehearsal_copy(self) -> AbstractContextManager[tuple[Backend, Path]]:
        """Open a copy that is removed afterwards, and the path of its journal."""


def rehearse_plan(
    plan: Plan,
    backend: Backend,
    *,
    actor: str,
    clock: Callable[[], float],
    allow_drift: bool = False,
    on_progress: Progress | None = None,
) -> tuple[ReplayReport, Verification]:
    """Perform and verify a plan on a copy of the backend, which itself stays as it is.

    Errors are those of `apply_plan`; BackendError where the backend cannot be copied.
    """
    if not isinstance(backend, Rehearsable):
        raise BackendError(f'the backend "{backend.describe().name}" cannot be copied; rehearse on sqlite')
    with backend.rehearsal_copy() as (copy, journal_path), Journal(journal_path) as journal:
        try:
            report = apply_plan(
                plan,
                copy,
                journal,
                actor=actor,
                clock=clock,
                allow_drift=allow_drift,
                on_progress=on_progress,
            )
        except InterruptedReplay as error:
            raise InterruptedReplay("the rehearsal was stopped; nothing of it is kept") from error
        return report, report.verification
