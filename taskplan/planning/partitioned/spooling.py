"""Operations on their way into a plan's file: on the disk, as the header that comes before is known last."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec

from taskplan.planning.document import NeedRecord, Operation
from taskplan.planning.partitioned.making import Made


class Spool:
    """The lines of operations by task of the spec; `folder` has room for them, the usual one where None."""

    def __init__(self, tasks: int, folder: Path | None) -> None:
        self._folder = folder
        self._files: list[IO[bytes] | None] = [None] * tasks
        self._outlines: list[list[Operation]] = [[] for _ in range(tasks)]
        self._stack = ExitStack()
        self._known: dict[Any, Any] = {}

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, made: Made) -> None:
        """Keep an operation after those of its task that came before."""
        file = self._files[made.index]
        if file is None:
            file = self._stack.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            self._files[made.index] = file
        try:
            file.write(made.line)
            file.write(b"\n")
        except OSError as error:
            where = str(self._folder or tempfile.gettempdir())
            raise OSError(error.errno, error.strerror, where) from error
        self._outlines[made.index].append(self._lean(made.outline))

    def _lean(self, operation: Operation) -> Operation:
        """Return an operation that shares what it says alike with others: there may be ten thousands."""
        allocation, known = operation.allocation, self._known
        selection = known.setdefault(msgspec.json.encode(operation.selection), operation.selection)
        return msgspec.structs.replace(
            operation,
            selection=selection,
            allocation=msgspec.structs.replace(
                allocation,
                shares=tuple(known.setdefault(share, share) for share in allocation.shares),
                needs=tuple(map(self._lean_need, allocation.needs)),
            ),
        )

    def _lean_need(self, need: NeedRecord) -> NeedRecord:
        skills, excluded, people = (
            self._known.setdefault(said, said) for said in (need.skills, need.excluded, need.people)
        )
        return msgspec.structs.replace(need, skills=skills, excluded=excluded, people=people)

    def has(self, index: int) -> bool:
        """Tell whether there is any operation of a task."""
        return bool(self._outlines[index])

    def outlines(self) -> tuple[Operation, ...]:
        """Return all operations without their items, in the order of the plan."""
        return tuple(operation for operations in self._outlines for operation in operations)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of all operations, in the order of the plan."""
        for file in self._files:
            if file is not None:
                file.seek(0)
                for line in file:
                    yield line[:-1]
