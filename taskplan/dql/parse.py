"""From the platform's JSON to the abstract syntax, with errors that point into the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from taskplan.dql.query import (
    And,
    Compare,
    Direction,
    Element,
    Equal,
    Every,
    Exists,
    Field,
    In,
    Node,
    NotEqual,
    NotIn,
    Or,
    Predicate,
    Query,
)
from taskplan.errors import QueryError, did_you_mean
from taskplan.located import is_too_deep

OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$match")
LOGIC = ("$and", "$or")
ENVELOPE = ("filter", "join", "intersect", "except", "sort", "page", "pageSize", "resource")
# Keys that the SDK may send along and that do not change what is selected.
IGNORED = ("context", "select", "systemSpace", "limit")
WRITES = ("update", "delete", "references")
RESOURCES = ("items", "annotations", "tasks", "assignments", "datasets")
# Fields whose text values are globs on the platform: full path, folder, base name, MIME type.
GLOB_PATHS = frozenset({"filename", "dir", "name", "metadata.system.mimetype"})


def parse(source: Any, *, where: str = "") -> Query:
    """Parse an envelope, as a mapping, as JSON text, or as an object with ``prepare()`` (dtlpy.Filters).

    `where` is put before the paths in errors. QueryError for anything malformed.
    """
    if isinstance(source, str | bytes):
        try:
            source = msgspec.json.decode(source)
        except (msgspec.DecodeError, RecursionError) as error:
            raise QueryError(f"is not JSON: {error}", path=where or "query") from error
    elif hasattr(source, "prepare"):
        source = source.prepare()
    if not isinstance(source, Mapping):
        raise QueryError(f"expected an object, got {show(source)}", path=where or "query")
    if is_too_deep(source):
        raise QueryError("is nested too deeply", path=where or "query")
    return _envelope(source, where)


def _envelope(source: Mapping[str, Any], where: str) -> Query:
    for name in source:
        place = _join(where, str(name))
        if name in WRITES:
            raise QueryError("a selection cannot change anything", path=place)
        if name not in ENVELOPE and name not in IGNORED:
            raise QueryError("unknown key of a query", path=place, hint=did_you_mean(str(name), ENVELOPE))
    resource = source.get("resource", "items")
    if resource not in RESOURCES:
        raise QueryError(
            f"expected one of {', '.join(RESOURCES)}, got {show(resource)}", path=_join(where, "resource")
        )
    return Query(
        filter=parse_node(source.get("filter", {}), _join(where, "filter")),
        join=_joined(source.get("join"), _join(where, "join")),
        intersect=_inner(source.get("intersect"), _join(where, "intersect")),
        except_=_inner(source.get("except"), _join(where, "except")),
        sort=_sort(source.get("sort"), _join(where, "sort")),
        page=_count(source.get("page"), _join(where, "page"), 0),
        page_size=_count(source.get("pageSize"), _join(where, "pageSize"), 1),
        resource=str(getattr(resource, "value", resource)),
    )


def _inner(source: Any, where: str) -> Query | None:
    if source is None:
        return None
    if not isinstance(source, Mapping) or "query" not in source:
        raise QueryError(f'expected {{"query": ...}}, got {show(source)}', path=where)
    return parse(source["query"], where=_join(where, "query"))


def _joined(source: Any, where: str) -> Node | None:
    if source is None:
        return None
    if not isinstance(source, Mapping) or not isinstance(source.get("on"), Mapping):
        raise QueryError(f'expected {{"on": ..., "filter": ...}}, got {show(source)}', path=where)
    on = source["on"]
    foreign = on.get("forigen", on.get("foreign"))
    if (on.get("resource"), on.get("local"), foreign) != ("annotations", "itemId", "id"):
        raise QueryError(
            'expected {"resource": "annotations", "local": "itemId", "forigen": "id"}, got ' + show(dict(on)),
            path=_join(where, "on"),
        )
    return parse_node(source.get("filter", {}), _join(where, "filter"))


def _sort(source: Any, where: str) -> tuple[tuple[str, Direction], ...]:
    if source is None:
        return ()
    if not isinstance(source, Mapping):
        raise QueryError(f'expected {{path: "ascending"}}, got {show(source)}', path=where)
    result: list[tuple[str, Direction]] = []
    for path, direction in source.items():
        if direction == "ascending":
            result.append((str(path), "ascending"))
        elif direction == "descending":
            result.append((str(path), "descending"))
        else:
            raise QueryError(
                f'expected "ascending" or "descending", got {show(direction)}', path=_join(where, str(path))
            )
    return tuple(result)


def _count(source: Any, where: str, least: int) -> int | None:
    if source is None:
        return None
    if type(source) is not int or source < least:
        raise QueryError(f"expected a whole number ≥ {least}, got {show(source)}", path=where)
    return source


def parse_node(source: Any, where: str, prefix: str = "") -> Node:
    """Parse a filter object; `prefix` is the path of the document around it."""
    if not isinstance(source, Mapping):
        raise QueryError(f"expected an object, got {show(source)}", path=where)
    nodes: list[Node] = []
    for name, value in source.items():
        place = _join(where, str(name))
        if name in LOGIC:
            if not isinstance(value, list | tuple):
                raise QueryError(f"expected a list, got {show(value)}", path=place)
            inner = tuple(parse_node(entry, f"{place}[{i}]", prefix) for i, entry in enumerate(value))
            if name == "$and":
                nodes.extend(inner)
            elif inner:
                nodes.append(Or(inner))
            else:
                raise QueryError("expected at least one clause", path=place)
        elif str(name).startswith("$"):
            raise QueryError("unknown operator", path=place, hint=did_you_mean(name, (*OPERATORS, *LOGIC)))
        else:
            nodes.append(Field(str(name), _predicate(value, place, _join(prefix, str(name)))))
    return nodes[0] if len(nodes) == 1 and not isinstance(nodes[0], Field) else And(tuple(nodes))


def _predicate(value: Any, where: str, path: str) -> Predicate:
    if not isinstance(value, Mapping):
        return Equal(_value(value, where), _is_glob(value, path))
    if not value:
        return Equal({})
    operators = [name for name in value if str(name).startswith("$")]
    if not operators or all(name in LOGIC for name in operators):
        return Element(parse_node(value, where, path), explicit=False)
    if len(operators) < len(value):
        plain = next(name for name in value if name not in operators)
        raise QueryError("expected either operators or fields, got both", path=_join(where, str(plain)))
    parts = tuple(_operator(name, operand, _join(where, name), path) for name, operand in value.items())
    return parts[0] if len(parts) == 1 else Every(parts)


def _operator(name: str, operand: Any, where: str, path: str) -> Predicate:
    match name:
        case "$eq":
            return Equal(_value(operand, where), _is_glob(operand, path))
        case "$ne":
            return NotEqual(_value(operand, where), _is_glob(operand, path))
        case "$gt" | "$gte" | "$lt" | "$lte":
            if not isinstance(operand, str | int | float):
                raise QueryError(f"expected a number or text, got {show(operand)}", path=where)
            return Compare(name, operand)
        case "$in" | "$nin":
            if not isinstance(operand, list | tuple):
                raise QueryError(f"expected a list, got {show(operand)}", path=where)
            values = tuple(_value(entry, f"{where}[{i}]") for i, entry in enumerate(operand))
            glob = any(_is_glob(entry, path) for entry in values)
            return In(values, glob) if name == "$in" else NotIn(values, glob)
        case "$exists":
            if not isinstance(operand, bool):
                raise QueryError(f"expected true or false, got {show(operand)}", path=where)
            return Exists(operand)
        case "$match":
            if not isinstance(operand, Mapping):
                raise QueryError(f"expected an object of fields, got {show(operand)}", path=where)
            return Element(parse_node(operand, where, path), explicit=True)
    raise QueryError("unknown operator", path=where, hint=did_you_mean(name, OPERATORS))


def _value(value: Any, where: str) -> Any:
    """Return a plain JSON value; enumerations of the SDK count as their values."""
    value = getattr(value, "value", value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_value(entry, f"{where}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, Mapping):
        return {str(name): _value(entry, _join(where, str(name))) for name, entry in value.items()}
    raise QueryError(f"expected a JSON value, got {type(value).__name__}", path=where)


def _is_glob(value: Any, path: str) -> bool:
    return isinstance(value, str) and "*" in value and path in GLOB_PATHS


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def show(value: Any) -> str:
    """Return a value as a short text for errors."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        # Not JSON, half of a surrogate pair, or a circle.
        text = ascii(value) if isinstance(value, str) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
