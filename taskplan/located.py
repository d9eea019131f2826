"""YAML with the line of every field, so that errors can point at it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import yaml

from taskplan.errors import SpecError


@dataclass(frozen=True, slots=True)
class Located:
    """Plain data, and the 1-based line of each path (``tasks[0].name``) in it."""

    data: Any
    lines: Mapping[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int | None:
        """Return the line of a path, or of the nearest thing around it that has one."""
        while path not in self.lines and path:
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""
        return self.lines.get(path)


MOST_NODES = 2_000_000
"""So many values a document may have with its aliases written out; more is a mistake, or an attack."""


class _Loader(yaml.SafeLoader):
    built = 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.flattened: set[int] = set()

    def close(self) -> None:
        self.dispose()


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str, source: str | None) -> Located:
    """Parse one YAML document; SpecError with file and line for bad syntax or a key that comes twice.

    Dates stay text: it is for others to decide what is a date, and documents hold dates as text.
    """
    lines: dict[str, int] = {}
    try:
        with closing(_Loader(text)) as loader:
            node = loader.get_single_node()
            data = _build(loader, node, "", lines, source) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SpecError(f"is not YAML: {error.problem or error.context}", source=source, line=line) from error
    except yaml.YAMLError as error:
        raise SpecError(f"is not YAML: {' '.join(str(error).split())}", source=source) from error
    except RecursionError as error:
        raise SpecError("is nested too deeply", source=source) from error
    return Located(data, lines)


DEEPEST = 100
"""So many levels data may have: enough for anybody, and far from what would exhaust the stack."""


def is_too_deep(value: Any) -> bool:
    """Tell whether objects and lists lie more than `DEEPEST` in one another; a circle does."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            entry
            for holder in level
            if isinstance(holder, Mapping | list | tuple)
            for entry in (holder.values() if isinstance(holder, Mapping) else holder)
        ]
        if len(level) > MOST_NODES:
            return True
    return bool(level)


def plain(value: Any) -> Any:
    """Return Python data as YAML would hold it: dates become text, a ``dtlpy.Filters`` its query."""
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.prepare() if hasattr(value, "prepare") else value


def unwritable(value: Any, path: str = "") -> tuple[str, str] | None:
    """Return path and fault of the first value that JSON cannot hold as it is, or None."""
    if isinstance(value, dict):
        found = (
            _text_fault(name, path) or unwritable(entry, f"{path}.{name}" if path else name)
            for name, entry in value.items()
        )
        return next((fault for fault in found if fault), None)
    if isinstance(value, list):
        found = (unwritable(entry, f"{path}[{index}]") for index, entry in enumerate(value))
        return next((fault for fault in found if fault), None)
    if isinstance(value, str):
        return _text_fault(value, path)
    if isinstance(value, float) and not math.isfinite(value):
        return path, f"expected a finite number, got {value}"
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return path, "expected a number of at most 64 bits"
    if value is None or isinstance(value, int | float):
        return None
    return path, f"expected text, a number, fields or a list, got {type(value).__name__}"


def _text_fault(text: str, path: str) -> tuple[str, str] | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return path, "holds half of a surrogate pair, which is no text"
    return None


def _build(
    loader: _Loader, node: yaml.Node, path: str, lines: dict[str, int], source: str | None, depth: int = 0
) -> Any:
    loader.built += 1
    if depth > DEEPEST:
        raise SpecError("is nested too deeply", source=source)
    if loader.built > MOST_NODES:
        raise SpecError(f"has more than {MOST_NODES:,} values with its aliases written out", source=source)
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(loader, entry, f"{path}[{i}]", lines, source, depth + 1)
            for i, entry in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        # An alias leads here again; its merged keys are then written out already.
        if id(node) not in loader.flattened:
            loader.flattened.add(id(node))
            _refuse_twice(loader, node, path, source)
            loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _key(loader, key_node)
            place = f"{path}.{key}" if path else key
            lines[place] = key_node.start_mark.line + 1
            result[key] = _build(loader, value_node, place, lines, source, depth + 1)
        return result
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, AttributeError, OverflowError) as error:
        # What YAML takes for a number or a tag names, but Python does not (``0x_``, ``!!int x``).
        found = f'"{node.value}" cannot be read as {str(node.tag).rpartition(":")[2]}'
        raise SpecError(found, source=source, line=node.start_mark.line + 1, path=path or None) from error


def _key(loader: _Loader, node: yaml.Node) -> str:
    """Return a field's name as it is written: ``on`` and ``no`` are names here, not truth values."""
    return (
        str(node.value)
        if isinstance(node, yaml.ScalarNode)
        else str(loader.construct_object(node, deep=True))
    )


def _refuse_twice(loader: _Loader, node: yaml.MappingNode, path: str, source: str | None) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = _key(loader, key_node)
        if key in seen:
            place = f"{path}.{key}" if path else key
            raise SpecError("is given twice", source=source, line=key_node.start_mark.line + 1, path=place)
        seen.add(key)
