"""Files that are either written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from taskplan.errors import InputError, NotFoundError


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that replaces `path` when the block ends well, durably.

    The temporary file lies in the same folder, so that the last step is one
    rename. What is no regular file (``/dev/stdout``, a pipe) is written as it is.
    InputError for a folder, or a place that is not there; OSError as `open` has it.
    """
    _check_place(path)
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            # A full disk does not say of which file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A kind of file that taskplan writes, and writes over: `name` for people, the bytes that it begins with.

    `error` is what is raised where something else is in the way.
    """

    name: str
    start: bytes
    error: type[InputError] = InputError

    def check(self, path: Path) -> None:
        """Raise where `write` would refuse; InputError for a folder, or a place that is not there."""
        _check_place(path)
        if not path.is_file():
            return
        with path.open("rb") as file:
            start = file.read(len(self.start))
        if start not in (b"", self.start):
            raise self.error(
                f"exists and is no {self.name}, so it is left as it is",
                source=str(path),
                hint="choose another name",
            )

    def write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all, over nothing but an empty file or one of this kind."""
        with self.open(path) as file:
            file.write(data)

    @contextmanager
    def open(self, path: Path) -> Iterator[IO[bytes]]:
        """Open a file to be written as `write` does; it is in its place once the block has ended well."""
        self.check(path)
        with atomic_write(path) as file:
            yield file


def _check_place(path: Path) -> None:
    try:
        path.resolve()
    except (RuntimeError, OSError) as error:
        raise InputError("is a link that leads to itself", source=str(path)) from error
    if path.is_dir():
        raise InputError("is a folder, expected a file to write", source=str(path))
    if not path.exists() and not path.resolve().parent.is_dir():
        raise NotFoundError("there is no such folder", source=str(path.parent))
