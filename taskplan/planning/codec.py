"""Plan files: canonical bytes, a digest over all of them, and nothing accepted that was changed.

A file is one JSON object: the digest first, then the rest on a line of its own
for the header and for each operation. The digest covers the exact bytes after
it, so that not even white space can change unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from taskplan.errors import PlanError
from taskplan.model.files import OwnFile
from taskplan.planning.document import FORMAT, Operation, Plan

_START = b'{"digest":"sha256:'
_AFTER = b'",\n'
_DIGITS = 64
_encode = msgspec.json.Encoder(order="deterministic").encode
PLAN_FILE = OwnFile("plan", _START, PlanError)


def seal(plan: Plan, lines: Iterable[bytes] | None = None) -> Plan:
    """Return the plan with its digest; `lines` are those of its operations, where they are at hand."""
    if lines is None:
        lines = map(operation_line, plan.operations)
    return msgspec.structs.replace(plan, digest=_digest(pieces(plan, lines)))


def operation_line(operation: Operation) -> bytes:
    """Return the line of a plan's file that is one operation."""
    return _encode(_sorts_kept(msgspec.to_builtins(operation)))


def pieces(plan: Plan, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a plan's file holds after its digest: the header, and the `lines` of its operations."""
    header = {
        name: getattr(plan, name) for name in plan.__struct_fields__ if name not in ("digest", "operations")
    }
    yield _encode(_sorts_kept(msgspec.to_builtins(header)))[1:-1]
    before = b',\n"operations":[\n'
    for line in lines:
        yield before
        yield line
        before = b",\n"
    yield b"\n]}\n" if before == b",\n" else b',\n"operations":[]}\n'


def _digest(found: Iterable[bytes]) -> str:
    hasher = hashlib.sha256()
    for piece in found:
        hasher.update(piece)
    return f"sha256:{hasher.hexdigest()}"


def _sorts_kept(value: Any) -> Any:
    """Return plain data in which the fields of every ``sort`` stay in their order, which matters."""
    if isinstance(value, dict):
        return {
            name: msgspec.Raw(msgspec.json.encode(entry))
            if name == "sort" and isinstance(entry, dict)
            else _sorts_kept(entry)
            for name, entry in value.items()
        }
    return [_sorts_kept(entry) for entry in value] if isinstance(value, list) else value


def dump(plan: Plan) -> bytes:
    """Return the bytes of a plan file."""
    rest = b"".join(pieces(plan, map(operation_line, plan.operations)))
    return b"".join((_START, hashlib.sha256(rest).hexdigest().encode(), _AFTER, rest))


def load(data: bytes, source: str) -> Plan:
    """Return the plan in `data`; PlanError where it is damaged, edited, or of a newer format."""
    if not data:
        raise PlanError("is empty, expected a plan", source=source)
    start = len(_START) + _DIGITS
    if not data.startswith(_START) or data[start : start + len(_AFTER)] != _AFTER:
        raise PlanError("is not a plan that taskplan wrote", source=source)
    stated = data[len(_START) : start].decode("ascii", "replace")
    rest = memoryview(data)[start + len(_AFTER) :]
    found = hashlib.sha256(rest).hexdigest()
    if found != stated:
        raise PlanError(
            f"was changed after it was made (its digest says {stated[:12]}, its content {found[:12]})",
            source=source,
            hint="make the plan again",
        )
    return _decode(data, source)


def _decode(data: bytes, source: str) -> Plan:
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except msgspec.DecodeError as error:
        version = _version(data)
        if version is not None and version > FORMAT:
            raise PlanError(_newer(version), source=source) from error
        raise PlanError(f"is not a plan: {error}", source=source) from error
    if plan.format > FORMAT:
        raise PlanError(_newer(plan.format), source=source)
    if len({operation.id for operation in plan.operations}) < len(plan.operations):
        raise PlanError("holds two operations of one id", source=source)
    for operation in plan.operations:
        planned = sum(share.items for share in operation.allocation.shares)
        if planned != operation.allocation.items.count:
            raise PlanError("shares and items do not add up", source=source, path=operation.id)
    return plan


def _version(data: bytes) -> int | None:
    class Header(msgspec.Struct):
        format: int

    try:
        return msgspec.json.decode(data, type=Header).format
    except msgspec.DecodeError:
        return None


def _newer(version: int) -> str:
    return f"has format {version}, this taskplan reads up to {FORMAT}; a newer taskplan is needed"


def read_plan(path: Path) -> Plan:
    """Read and verify a plan file; PlanError names the file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PlanError("no such file", source=str(path)) from error
    except IsADirectoryError as error:
        raise PlanError("is a folder, expected a plan file", source=str(path)) from error
    return load(data, str(path))


def write_plan(path: Path, plan: Plan, accept: Callable[[str], None] | None = None) -> None:
    """Write a plan file, whole or not at all; PlanError where there is something other than a plan.

    `accept` is as in `write_pieces`.
    """
    write_pieces(path, lambda: pieces(plan, map(operation_line, plan.operations)), accept)


def write_pieces(
    path: Path, rest: Callable[[], Iterable[bytes]], accept: Callable[[str], None] | None = None
) -> str:
    """Write a plan file of `pieces`, never all of it in memory, and return its digest; else as `write_plan`.

    `rest` may be asked twice: for what is no file of its own, such as a pipe, the digest is made first.
    `accept` is given the digest before the file is put in its place, and may raise.
    """
    with PLAN_FILE.open(path) as file:
        if not file.seekable():
            digest = _digest(rest())
            if accept is not None:
                accept(digest)
            file.write(_START + digest.removeprefix("sha256:").encode() + _AFTER)
            for piece in rest():
                file.write(piece)
            return digest
        file.write(_START + b"0" * _DIGITS + _AFTER)
        digest = _digest(_written(file, rest()))
        file.seek(len(_START))
        file.write(digest.removeprefix("sha256:").encode())
        if accept is not None:
            accept(digest)
    return digest


def _written(file: IO[bytes], found: Iterable[bytes]) -> Iterator[bytes]:
    for piece in found:
        file.write(piece)
        yield piece


def canonical_json(value: Any) -> bytes:
    """Return JSON that depends on the value alone: sorted keys, no white space."""
    return msgspec.json.Encoder(order="sorted").encode(value)
