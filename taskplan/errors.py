"""Every error a user can meet, as one tree; each class maps to one exit code.

Raise the most specific class with the facts (where, what was found, what was
expected); the sentence is composed here, so that all of them read alike:
``spec.yaml:12 tasks[0].assignees[1].weight: expected a number > 0, got "half"``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TaskplanError(Exception):
    """Root of all errors that taskplan raises on purpose; exit code 1."""

    exit_code = 1


class InputError(TaskplanError):
    """The user's input (spec, query, data, plan or option) is wrong; exit code 2.

    `message` says what was found and what was expected. `source` is a file or
    option name, `line` its 1-based line, `path` the field inside it
    (``tasks[0].filter``), `hint` a final clause such as ``did you mean "dir"?``.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.source = source
        self.line = line
        self.path = path
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        place = self.source or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        where = " ".join(part for part in (place, self.path) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}; {self.hint}" if self.hint else text


class SpecError(InputError):
    """The spec (YAML) says something that cannot be understood or does not fit together."""


class QueryError(InputError):
    """A DQL query is malformed; `path` points into it (``filter.$and[2].dir``)."""


class DataError(InputError):
    """A record to import is unreadable or lacks what an item needs."""


class PlanError(InputError):
    """A plan file is damaged, edited, of another format version, or does not fit the request."""


class NotFoundError(InputError):
    """A named dataset, task, item, assignee, strategy or backend does not exist."""


class MissingExtraError(InputError):
    """An optional library is needed; the message names the extra that brings it."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f'{feature} needs the extra "{extra}": pip install "taskplan[{extra}]"')

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        # Exceptions are copied by their arguments; that of this one is the finished sentence.
        return type(self), (self.feature, self.extra)


class InfeasibleError(TaskplanError):
    """No allocation satisfies the constraints; the message names the smallest clashing set."""


class DriftError(TaskplanError):
    """The backend no longer matches the snapshot of the plan; exit code 4.

    `changes` holds one line a difference.
    """

    exit_code = 4

    def __init__(self, message: str, changes: tuple[str, ...] = ()) -> None:
        self.changes = changes
        super().__init__(message)


class BackendError(TaskplanError):
    """A backend failed to do what it was asked; `retryable` says if asking again may help."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(message)


class InterruptedReplay(TaskplanError):  # noqa: N818 - the established name of this event
    """A replay was stopped half way and continues with the same command; exit code 130."""

    exit_code = 130


MOST_COMPARED = 20_000
"""So many names are compared with one in a fraction of a second."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, or None where none is near.

    Among very many (the filenames of a large dataset) only those that begin alike are compared.
    """
    listed = list(candidates)
    for candidate in listed:
        if candidate.casefold() == name.casefold():
            return candidate
    if len(listed) > MOST_COMPARED:
        start = name[: len(name) // 2]
        listed = [candidate for candidate in listed if candidate.startswith(start)][:MOST_COMPARED]
    found = difflib.get_close_matches(name, listed, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return ``did you mean "x"?`` for the nearest candidate, for use as a `hint`."""
    found = nearest(name, candidates)
    return f'did you mean "{found}"?' if found else None
