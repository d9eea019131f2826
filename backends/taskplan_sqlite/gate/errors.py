"""What goes wrong, in the platform's shape: a status and ``{"message": …}``."""

from __future__ import annotations

from taskplan.errors import BackendError, InputError, NotFoundError, TaskplanError


class GateError(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def status_of(error: TaskplanError) -> int:
    """Return the status for an error of taskplan: 404 for what is not there, 400 for what is wrong.

    A store that another process is writing to is 503, after which clients try again.
    """
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InputError):
        return 400
    if isinstance(error, BackendError) and error.retryable:
        return 503
    return 400
