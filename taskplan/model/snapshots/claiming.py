"""A place while a snapshot is written to it: what was there stays until the new one is whole."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import Any

from taskplan.errors import DataError, InputError, NotFoundError
from taskplan.model.snapshots.identity import digest_of, read_footer
from taskplan.model.snapshots.manifest import MANIFEST, UNFINISHED, manifest_text, read_manifest
from taskplan.model.snapshots.places import Place

_OURS = re.compile(r"part-\d{5,}(-\d+)?\.parquet")


class Claim:
    """A place that is written to by one writer, who began last if there are several.

    InputError where something else is in the way, or, without `overwrite`, a snapshot.
    """

    def __init__(self, place: Place, *, overwrite: bool) -> None:
        self._place = place
        self._word = secrets.token_hex(16).encode()
        self._new: list[str] = []
        self._manifest: bytes | None = None
        self._is_made = False
        try:
            names = place.names()
        except NotFoundError:
            names = []
            self._is_made = True
        self._has_old = MANIFEST in names
        if names:
            self._refuse(names, overwrite=overwrite)
        self._old = self._parts_of_old(names)

    def begin(self) -> None:
        """Make the folder and mark it.

        What a writer left that was killed stays until the end: it may be the snapshot of one that is just
        about to finish.
        """
        self._place.make()
        self._place.write(UNFINISHED, self._word)

    @contextmanager
    def part(self, number: int) -> Iterator[tuple[str, Any]]:
        """Give the name of a new part and the file to write; no file that is there has it."""
        self._check()
        with ExitStack() as stack:
            yield self._created(number, stack)

    def digest(self, name: str) -> str:
        """Return the digest of a part as it lies there."""
        with self._place.opened(name) as file:
            return digest_of(read_footer(file))

    def finish(self, manifest: bytes) -> None:
        """Put the manifest in its place: from here on the new snapshot is read. Take the old one away."""
        self._check()
        missing = set(self._new).difference(self._place.names())
        if missing:
            raise _taken_over(self._place.source(min(missing)), "was taken away")
        self._manifest = manifest
        self._place.write(MANIFEST, manifest)
        if self._is_marked():
            self._clear(set(self._new))
        if self._is_marked():
            self._place.remove(UNFINISHED)

    def give_up(self) -> None:
        """Take away what was written, unless the new snapshot is whole; what was there before is as it was.

        Where there was an empty folder the mark stays: nobody shall take it for a dataset without items.
        """
        if self._is_whole():
            return
        # What had to be given up for is what is told, not that it cannot be cleared either.
        with suppress(Exception):
            # Who has taken over clears the place, and may have the same names for its parts.
            if self._is_marked():
                self._clear(self._old)
                if self._is_made or self._has_old:
                    self._place.remove(UNFINISHED)
        if self._is_made:
            self._place.remove_if_empty()

    def _refuse(self, names: list[str], *, overwrite: bool) -> None:
        if not self._has_old and UNFINISHED not in names:
            raise InputError(
                "is neither empty nor a snapshot, so it is left as it is",
                source=self._place.location,
                hint="choose another place",
            )
        if not overwrite:
            what = "holds a snapshot" if self._has_old else "holds a snapshot that was never finished"
            raise InputError(what, source=self._place.location, hint="--overwrite writes over it")

    def _parts_of_old(self, names: list[str]) -> set[str]:
        """Return the parts of the snapshot that is there; all that may be some where it cannot be read."""
        if not self._has_old:
            return set()
        parts = set(filter(_OURS.fullmatch, names))
        text = manifest_text(self._place)
        try:
            return parts & {part.file for part in read_manifest(text, MANIFEST).parts}
        except DataError:
            # Another version of taskplan may read it.
            return parts

    def _created(self, number: int, stack: ExitStack) -> tuple[str, Any]:
        name, copies = f"part-{number:05}.parquet", count(1)
        while True:
            try:
                file = stack.enter_context(self._place.created(name))
            except FileExistsError:
                # Of the snapshot that is there, or of somebody who writes at the same moment.
                name = f"part-{number:05}-{next(copies)}.parquet"
                continue
            self._new.append(name)
            return name, file

    def _clear(self, kept: set[str]) -> None:
        """Take away all parts but some."""
        for name in self._place.names():
            if _OURS.fullmatch(name) and name not in kept:
                self._place.remove(name)

    def _check(self) -> None:
        if not self._is_marked():
            raise _taken_over(self._place.location, "is written to by somebody else")

    def _is_marked(self) -> bool:
        try:
            return self._place.read(UNFINISHED) == self._word
        except FileNotFoundError:
            return False

    def _is_whole(self) -> bool:
        if self._manifest is None:
            return False
        try:
            return self._place.read(MANIFEST) == self._manifest
        except FileNotFoundError:
            return False
        except Exception:
            # Who cannot tell takes nothing away.
            return True


def _taken_over(source: str, what: str) -> InputError:
    return InputError(
        f"{what} meanwhile", source=source, hint="of several writers the last one to begin stays"
    )
