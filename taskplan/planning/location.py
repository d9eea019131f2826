"""YAML with the line of every field, so that errors can point at it."""

from __future__ import annotations

from collections.abc import Mapping
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


class _Loader(yaml.SafeLoader):
    """Dates stay text: the spec decides what is a date, and documents hold dates as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str, source: str) -> Located:
    """Parse one YAML document; SpecError with file and line for bad syntax or a key that comes twice."""
    loader = _Loader(text)
    lines: dict[str, int] = {}
    try:
        node = loader.get_single_node()
        data = _build(loader, node, "", lines, source) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SpecError(f"is not YAML: {error.problem or error.context}", source=source, line=line) from error
    except yaml.YAMLError as error:
        raise SpecError(f"is not YAML: {' '.join(str(error).split())}", source=source) from error
    except RecursionError as error:
        raise SpecError("is nested too deeply", source=source) from error
    finally:
        loader.dispose()
    return Located(data, lines)


def _build(loader: _Loader, node: yaml.Node, path: str, lines: dict[str, int], source: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, entry, f"{path}[{i}]", lines, source) for i, entry in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        _refuse_twice(loader, node, path, source)
        loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            place = f"{path}.{key}" if path else str(key)
            lines[place] = key_node.start_mark.line + 1
            result[str(key)] = _build(loader, value_node, place, lines, source)
        return result
    return loader.construct_object(node, deep=True)


def _refuse_twice(loader: _Loader, node: yaml.MappingNode, path: str, source: str) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = str(loader.construct_object(key_node, deep=True))
        if key in seen:
            place = f"{path}.{key}" if path else key
            raise SpecError("is given twice", source=source, line=key_node.start_mark.line + 1, path=place)
        seen.add(key)
