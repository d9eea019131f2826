"""Plan files: canonical bytes, a digest over all of them, and nothing accepted that was changed.

A file is one JSON object: the digest first, then the rest on a line of its own
for the header and for each operation. The digest covers the exact bytes after
it, so that not even white space can change unseen.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from taskplan.errors import PlanError
from taskplan.model.files import OwnFile
from taskplan.planning.document import FORMAT, Plan

_START = b'{"digest":"sha256:'
_AFTER = b'",\n'
_DIGITS = 64
PLAN_FILE = OwnFile("plan", _START, PlanError)


def seal(plan: Plan) -> tuple[Plan, bytes]:
    """Return the plan with its digest, and its file."""
    rest = _rest(plan)
    digest = hashlib.sha256(rest).hexdigest()
    return msgspec.structs.replace(plan, digest=f"sha256:{digest}"), b"".join(
        (_START, digest.encode(), _AFTER, rest)
    )


def _rest(plan: Plan) -> bytes:
    header = {
        name: getattr(plan, name) for name in plan.__struct_fields__ if name not in ("digest", "operations")
    }
    encode = msgspec.json.Encoder(order="deterministic").encode
    lines = b",\n".join(encode(_sorts_kept(msgspec.to_builtins(o))) for o in plan.operations)
    opening = encode(_sorts_kept(msgspec.to_builtins(header)))[1:-1]
    return b"".join(
        (opening, b',\n"operations":[', b"\n" if lines else b"", lines, b"\n]}\n" if lines else b"]}\n")
    )


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
    return seal(plan)[1]


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


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan file, whole or not at all; PlanError where there is something other than a plan."""
    PLAN_FILE.write(path, dump(plan))


def canonical_json(value: Any) -> bytes:
    """Return JSON that depends on the value alone: sorted keys, no white space."""
    return msgspec.json.Encoder(order="sorted").encode(value)
