"""The short form of queries for the command line and YAML, and the one door for all forms.

``{dir: /train, annotated: false, metadata.user.score: {gt: 0.5}}`` says what
``dtlpy.Filters`` would with the same fields, the SDK's silent defaults
(``hidden: false``, ``type: file``) and its rule for folders included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from taskplan.dql.parse import LOGIC, WRITES, parse, show
from taskplan.dql.query import Query, nested_fields
from taskplan.errors import QueryError, SpecError, nearest

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "match")
TOP = ("annotations", "sort", "page", "page_size", "intersect", "except")
"""What stands beside the fields of a filter; further in these are names of fields, as any other."""
SDK_PAGE = (0, 1000)
"""The page that ``dtlpy.Filters`` names where nobody asks for one."""
DEFAULTS: dict[str, Any] = {"hidden": False, "type": "file"}


# What people write who know other query languages, and what it is called here.
_ELSEWHERE = {
    **dict.fromkeys(("=", "==", "equals", "is"), "eq"),
    **dict.fromkeys(("!=", "<>", "neq", "not"), "ne"),
    **dict.fromkeys((">", "min", "above", "after"), "gt"),
    **dict.fromkeys((">=", "ge", "from"), "gte"),
    **dict.fromkeys(("<", "max", "below", "before"), "lt"),
    **dict.fromkeys(("<=", "le", "to"), "lte"),
    **dict.fromkeys(("any", "one_of"), "in"),
    **dict.fromkeys(("not_in", "notin", "none_of"), "nin"),
    **dict.fromkeys(("has", "exist", "present"), "exists"),
    "elemMatch": "match",
}
_GLOBS = ("regex", "like", "ilike", "glob", "contains", "startswith", "endswith")


def query_from(source: Any, *, where: str = "", defaults: Iterable[str] = tuple(DEFAULTS)) -> Query:
    """Return the query that `source` says, in whichever form.

    A ``dtlpy.Filters``, an envelope (mapping with ``filter``), a bare filter in
    DQL (``$and``), a short form, or the text (YAML or JSON) of any of these. An
    empty mapping is the whole dataset as the SDK has it: not hidden, files.
    `defaults` names those of the SDK's that a short form is given. QueryError for
    anything malformed, and for a query of something other than items.
    """
    source = _loaded(source, where)
    if hasattr(source, "prepare"):
        return _of_items(parse(source, where=where), where)
    written = envelope(source, where, defaults)
    try:
        return _of_items(parse(written, where=where), where)
    except QueryError as error:
        if written is not source and error.path is not None:
            # The user has never seen the envelope.
            error.path = _as_typed(error.path, where)
        raise


def combine(sources: Iterable[Any]) -> Query:
    """Return the query that selects what all of `sources` select; the first sort counts.

    The SDK's defaults give way where any of them names the field. The page is that of
    the first that asks for one, other than the page of every ``dtlpy.Filters``.
    """
    loaded = [_loaded(source, "") for source in sources]
    named = {path for source in loaded for path in nested_fields(query_from(source, defaults=()).filter)}
    defaults = [name for name in DEFAULTS if name not in named]
    queries = [query_from(source, defaults=defaults) for source in loaded]
    result, *others = queries
    for other in others:
        first, second = (other, result) if other.sort and not result.sort else (result, other)
        result = _both(first, second)
    paged = [query for query in queries if query.page_size is not None]
    asked = [query for query in paged if (query.page, query.page_size) != SDK_PAGE] or paged or queries
    return replace(result, page=asked[0].page, page_size=asked[0].page_size)


def _both(one: Query, other: Query) -> Query:
    return replace(one, intersect=other if one.intersect is None else _both(one.intersect, other))


def _as_typed(path: str, where: str) -> str:
    """Return the place in a short form of a place in its envelope."""
    inner = path.removeprefix(where).lstrip(".")
    places = [where] if where else []
    while found := re.match(r"(intersect|except)\.query(\.|$)", inner):
        places.append(found[1])
        inner = inner[found.end() :]
    if found := re.match(r"join(\.|$)", inner):
        places.append("annotations")
        inner = inner[found.end() :]
    # The list of clauses that the envelope puts around fields, on top and in each part of an "and" or "or".
    inner = re.sub(r"^filter(\.\$and(\[\d+\]\.)?)?", "", inner)
    inner = re.sub(r"\$match\.\$and\[\d+\]", "match", inner)
    inner = re.sub(r"\$(and|or)(\[\d+\])(\.\$and\[\d+\])?", r"\1\2", inner)
    inner = re.sub(rf"\$({'|'.join(OPERATORS)})\b", r"\1", inner)
    return ".".join([*places, inner] if inner else places) or "query"


def _of_items(query: Query, where: str) -> Query:
    if query.resource != "items":
        place = f"{where}.resource" if where else "resource"
        raise QueryError(f'expected "items", got "{query.resource}"', path=place)
    return query


def _loaded(source: Any, where: str) -> Any:
    if isinstance(source, str):
        source = _read(source, where)
    return {} if source is None else source


def _read(text: str, where: str) -> Any:
    from taskplan.located import load_yaml

    try:
        return load_yaml(text, None).data
    except SpecError as error:
        if error.message.startswith("is not YAML"):
            raise QueryError(
                f"cannot read {show(text)} as a query",
                path=where or "query",
                hint="expected e.g. 'dir: /train'",
            ) from error
        path = ".".join(part for part in (where, error.path) if part)
        raise QueryError(error.message, path=path or "query") from error


def envelope(
    source: Mapping[Any, Any], where: str, defaults: Iterable[str] = tuple(DEFAULTS)
) -> Mapping[Any, Any]:
    """Return the platform's envelope of a mapping in any form; a short form gets those defaults."""
    if not isinstance(source, Mapping):
        raise QueryError(f"expected fields such as dir: /train, got {show(source)}", path=where or "query")
    if "filter" in source or any(name in source for name in ("pageSize", "resource", "join", *WRITES)):
        return source
    if any(name in source for name in LOGIC):
        return {"filter": source}
    named = set(_named(source))
    clauses = [{name: DEFAULTS[name]} for name in defaults if name not in named]
    fields = {name: value for name, value in source.items() if name not in TOP}
    result: dict[str, Any] = {"filter": {"$and": clauses + _clauses(fields, where, TOP)}}
    if "annotations" in source:
        on = {"resource": "annotations", "local": "itemId", "forigen": "id"}
        inner = _mapping(source["annotations"], where, "annotations")
        result["join"] = {
            "on": on,
            "filter": {"$and": _clauses(inner, f"{where}.annotations".lstrip("."))},
        }
    for name in ("intersect", "except"):
        if name in source:
            inner = _mapping(source[name], where, name)
            result[name] = {"query": envelope(inner, f"{where}.{name}".lstrip("."))}
    if "sort" in source:
        sort = source["sort"]
        result["sort"] = {sort: "ascending"} if isinstance(sort, str) else sort
    result.update(
        {name: source[key] for key, name in (("page", "page"), ("page_size", "pageSize")) if key in source}
    )
    if "page" in result:
        result.setdefault("pageSize", 1000)
    return result


def _mapping(value: Any, where: str, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        place = f"{where}.{name}" if where else name
        raise QueryError(f"expected fields, got {show(value)}", path=place)
    return value


def _clauses(source: Mapping[Any, Any], where: str, reserved: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the clauses of fields; those named as in `reserved` are refused, for they have another place."""
    clauses: list[dict[str, Any]] = []
    for name, value in source.items():
        place = f"{where}.{name}" if where else str(name)
        if name in ("and", "or"):
            if not isinstance(value, list) or not value:
                raise QueryError(f"expected a list of fields, got {show(value)}", path=place)
            inner = [
                {"$and": _clauses(_mapping(entry, where, f"{name}[{i}]"), f"{place}[{i}]", reserved)}
                for i, entry in enumerate(value)
            ]
            clauses.append({f"${name}": inner})
        elif name == "not" and isinstance(value, Mapping):
            hint = "a field takes {ne: …} or {nin: […]}; a whole query goes below except"
            raise QueryError("unknown field", path=place, hint=hint)
        elif name in reserved:
            raise QueryError("belongs at the top of the filter, not inside it", path=place)
        else:
            clauses.append({str(name): _value(str(name), value, place)})
    return clauses


def _named(source: Mapping[Any, Any]) -> Iterable[str]:
    for name, value in source.items():
        if name in ("and", "or") and isinstance(value, list):
            for entry in value:
                if isinstance(entry, Mapping):
                    yield from _named(entry)
        else:
            yield str(name)


def _value(path: str, value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        if not value or any(str(name).startswith("$") for name in value):
            return value
        operators = [name for name in value if name in OPERATORS]
        if len(operators) == len(value):
            return {f"${name}": _operand(path, name, operand, where) for name, operand in value.items()}
        stranger = next(str(name) for name in value if name not in OPERATORS)
        raise QueryError("unknown operator", path=f"{where}.{stranger}", hint=_operator_hint(path, stranger))
    if isinstance(value, list) and value and not any(isinstance(entry, list | Mapping) for entry in value):
        return {"$in": [_recursive(path, entry) for entry in value]}
    return _recursive(path, _plain(value))


def _operator_hint(path: str, name: str) -> str:
    """Say what was perhaps meant; a field inside an object has its path written out."""
    if name == "between":
        return "did you mean {gte: …, lte: …}?"
    if name in _GLOBS:
        return 'did you mean a glob such as name: "*apple*"?'
    parts = []
    if meant := _ELSEWHERE.get(name) or nearest(name, OPERATORS):
        parts.append(f'"{meant}"')
    if re.search(r"\w", name):
        parts.append(f'the field "{path}.{name}"')
    return f"did you mean {', or '.join(parts)}?" if parts else f"expected one of {', '.join(OPERATORS)}"


def _operand(path: str, operator: str, operand: Any, where: str) -> Any:
    if operator == "match" and not isinstance(operand, Mapping):
        hint = f'for text take a glob, such as {path}: "*apple*"'
        raise QueryError(f"expected fields, got {show(operand)}", path=f"{where}.match", hint=hint)
    if operator == "match":
        return {"$and": _clauses(operand, f"{where}.match")}
    if operator in ("in", "nin") and isinstance(operand, list):
        return [_recursive(path, entry) for entry in operand]
    return _recursive(path, _plain(operand)) if operator in ("eq", "ne") else _plain(operand)


def _plain(value: Any) -> Any:
    """Dates of Python are text, as documents hold them."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _recursive(path: str, value: Any) -> Any:
    """Word a folder given as a filename as the SDK does: everything below it."""
    value = _plain(value)
    if path != "filename" or not isinstance(value, str) or value.endswith("*"):
        return value
    if os.path.splitext(value)[1]:
        return value
    return value + ("**" if value.endswith("/") else "/**")
