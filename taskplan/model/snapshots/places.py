"""Where a snapshot lies: a local folder, or a URL that fsspec knows."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskplan.errors import InputError, MissingExtraError, NotFoundError, TaskplanError
from taskplan.model.files import atomic_write

_OBJECT_STORES = frozenset(("s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oci", "oss", "memory"))
_SCHEME = re.compile(r"^([A-Za-z][\w+.-]*)(?:://|::)")


def is_url(location: str) -> bool:
    """Tell if a location is a URL and no path of this machine."""
    return _SCHEME.match(location) is not None


def need_arrow(feature: str) -> Any:
    """Return pyarrow with its Parquet module; MissingExtraError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(feature, "parquet") from error
    return pyarrow


class Place:
    """A folder by its location; every file in it by name.

    InputError, NotFoundError or OSError with one clear line where it cannot be reached.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._local = None if is_url(location) else Path(location)
        self._files: Any = None
        self._root = ""
        if self._local is None:
            try:
                import fsspec.core  # type: ignore[import-untyped]
            except ImportError as error:
                raise MissingExtraError("reading and writing URLs", "parquet") from error
            with self._reaching():
                self._files, self._root = fsspec.core.url_to_fs(location)
                self._root = self._root.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Tell if it is a path of this machine."""
        return self._local is not None

    @property
    def name(self) -> str:
        """The name of the folder."""
        if self._local is not None:
            return self._local.resolve().name
        return self._root.rsplit("/", 1)[-1] or _scheme(self.location)

    def source(self, file: str) -> str:
        """Return how messages call a file."""
        return f"{self.location.rstrip('/')}/{file}"

    def names(self) -> list[str]:
        """Return the names of all files, and folders, directly in it; NotFoundError where there is none."""
        if self._local is not None:
            if not self._local.exists():
                raise NotFoundError("there is no such folder", source=self.location)
            if not self._local.is_dir():
                raise InputError("is a file, expected a folder", source=self.location)
            return sorted(entry.name for entry in self._local.iterdir())
        with self._reaching():
            # What other processes have written since must be seen.
            self._files.invalidate_cache()
            if self._files.isfile(self._root):
                raise InputError("is a file, expected a folder", source=self.location)
            try:
                found = self._files.ls(self._root, detail=False)
            except FileNotFoundError as error:
                raise NotFoundError("there is no such folder", source=self.location) from error
        names = {str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in found}
        # Some object stores list a folder as an empty object within itself.
        return sorted(names - {self._root.rsplit("/", 1)[-1], ""})

    def make(self) -> None:
        """Make the folder, and those above it, where it is not there."""
        if self._local is not None:
            self._local.mkdir(parents=True, exist_ok=True)
        else:
            with self._reaching():
                self._files.makedirs(self._root, exist_ok=True)

    def remove(self, file: str) -> None:
        """Take a file away, if it is there."""
        if self._local is not None:
            (self._local / file).unlink(missing_ok=True)
            return
        with self._reaching():
            if self._files.exists(f"{self._root}/{file}"):
                self._files.rm_file(f"{self._root}/{file}")

    def remove_if_empty(self) -> None:
        """Take the folder itself away if nothing is in it; a store without folders has nothing to take."""
        try:
            if self._local is not None:
                self._local.rmdir()
            elif not self._files.ls(self._root, detail=False):
                self._files.rmdir(self._root)
        except Exception:
            return

    def read(self, file: str) -> bytes:
        """Return the content of a file."""
        if self._local is not None:
            return (self._local / file).read_bytes()
        with self._reaching():
            content: bytes = self._files.cat_file(f"{self._root}/{file}")
        return content

    def write(self, file: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        if self._local is not None:
            with _naming(self._local / file), atomic_write(self._local / file) as handle:
                handle.write(content)
            return
        with self._reaching():
            if self._puts_whole:
                self._files.pipe_file(f"{self._root}/{file}", content)
            else:
                self._files.pipe_file(f"{self._root}/.{file}.tmp", content)
                self._files.mv(f"{self._root}/.{file}.tmp", f"{self._root}/{file}")

    @property
    def _puts_whole(self) -> bool:
        """Tell if a file appears when it is complete, as in an object store; a rename would copy it there."""
        protocol = self._files.protocol
        return not _OBJECT_STORES.isdisjoint([protocol] if isinstance(protocol, str) else protocol)

    def is_same_as(self, location: str) -> bool:
        """Tell if a location is this place."""
        if self._local is not None:
            return not is_url(location) and Path(location).resolve() == self._local.resolve()
        return is_url(location) and Place(location)._root == self._root

    @contextmanager
    def opened(self, file: str) -> Iterator[Any]:
        """Give an open file to read, as pyarrow likes it best."""
        if self._local is not None:
            path = self._local / file
            if not path.is_file():
                raise FileNotFoundError(2, "there is no such file", str(path))
            with need_arrow("reading a snapshot").memory_map(str(path)) as handle:
                yield handle
            return
        with self._reaching():
            handle = self._files.open(f"{self._root}/{file}", "rb")
        with handle:
            yield handle

    @contextmanager
    def created(self, file: str) -> Iterator[Any]:
        """Give a new file to write, which stays when the power fails; FileExistsError where there is one."""
        if self._local is not None:
            with _naming(self._local / file), (self._local / file).open("xb") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            return
        with self._reaching():
            self._files.invalidate_cache()
            if self._files.exists(f"{self._root}/{file}"):
                raise FileExistsError(errno.EEXIST, "exists", self.source(file))
            with self._files.open(f"{self._root}/{file}", "wb") as handle:
                yield handle

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Say in one line what the library of an object store has to say."""
        try:
            yield
        except (TaskplanError, FileNotFoundError, FileExistsError, IsADirectoryError):
            raise
        except ImportError as error:
            missing = getattr(error, "name", None) or str(error)
            raise InputError(f"needs another library ({missing})", source=self.location) from error
        except Exception as error:
            what = (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
            raise InputError(f"cannot be reached ({what})", source=self.location) from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in an error of the machine that names none, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _scheme(location: str) -> str:
    found = _SCHEME.match(location)
    return found[1] if found else "snapshot"
