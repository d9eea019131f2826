"""What an item takes: a number, a field, or a formula over fields, evaluated on columns.

Formulas are read by Python's own parser and may hold numbers, fields, ``+ - * /``,
brackets, and ``min``, ``max``, ``sqrt`` and ``default(field, number)``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import reduce
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.dql.explain import near_path
from taskplan.errors import InputError, did_you_mean
from taskplan.model.table import Column, ItemTable

Numbers = NDArray[np.float64]

SHORT = {
    "annotations": ("annotationsCount",),
    "pixels": ("metadata.system.width", "metadata.system.height"),
    "frames": ("metadata.system.nb_frames",),
    "size": ("metadata.system.size",),
}
"""Short names: the product of these fields."""
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_FUNCTIONS = ("default", "max", "min", "sqrt")
_ALLOWED = f"expected numbers, fields, + - * / and {', '.join(_FUNCTIONS)}"


def efforts(formula: str | float, items: ItemTable) -> Numbers:
    """Return the effort of each item, float64[n].

    InputError for a formula that cannot be read, for items without a number where one
    is needed, and for efforts that are negative or not finite.
    """
    if isinstance(formula, str):
        tree = _parsed(formula)
        with np.errstate(all="ignore"):
            found = _evaluate(tree, items)
    else:
        found = np.float64(formula)
    result = np.broadcast_to(np.asarray(found, dtype=np.float64), (len(items),)).copy()
    wrong = np.flatnonzero(~np.isfinite(result) | (result < 0))
    if len(wrong):
        item = items.ids[int(wrong[0])]
        raise InputError(
            f'"{formula}" is {result[wrong[0]]:g} for {_items(len(wrong))}, the first is {item}; '
            "expected a number ≥ 0"
        )
    return result


def effort_paths(formula: str | float) -> frozenset[str]:
    """Return the columns that a formula names; InputError for one that cannot be read."""
    if not isinstance(formula, str):
        return frozenset()
    return frozenset(part for path in _named(_parsed(formula)) for part in SHORT.get(path, (path,)))


def _named(node: ast.AST) -> Iterator[str]:
    if (path := _path(node)) is not None:
        yield path
        return
    # The name of a function is no field.
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for part in inner:
        yield from _named(part)


def _parsed(formula: str) -> ast.expr:
    try:
        return ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f'cannot read the formula "{formula}"; {_ALLOWED}') from None


def _evaluate(node: ast.AST, items: ItemTable) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        assert isinstance(node.value, int | float)
        return np.float64(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_evaluate(node.left, items), _evaluate(node.right, items))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, items)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args, items)
    if (path := _path(node)) is not None:
        return _complete(path, items)
    raise InputError(f'cannot read "{ast.unparse(node)}"; {_ALLOWED}')


def _call(name: str, arguments: list[ast.expr], items: ItemTable) -> Any:
    if name not in _FUNCTIONS:
        raise InputError(
            f'there is no function "{name}", only {", ".join(_FUNCTIONS)}',
            hint=did_you_mean(name, _FUNCTIONS),
        )
    if name == "default" and len(arguments) == 2 and (path := _path(arguments[0])) is not None:
        numbers = _numbers(path, items)
        return np.where(np.isnan(numbers), _evaluate(arguments[1], items), numbers)
    values = [_evaluate(argument, items) for argument in arguments]
    if name == "sqrt" and len(values) == 1:
        return np.sqrt(values[0])
    if name in ("min", "max") and values:
        return reduce(np.minimum if name == "min" else np.maximum, values)
    raise InputError(f'"{name}" does not take these arguments')


def _path(node: ast.AST) -> str | None:
    """Return the field that is named, ``a.b`` or ``"a.b-c"`` in quotation marks; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (parent := _path(node.value)) is not None:
        return f"{parent}.{node.attr}"
    return None


def _complete(path: str, items: ItemTable) -> Numbers:
    numbers = _numbers(path, items)
    missing = np.flatnonzero(np.isnan(numbers))
    if not len(missing):
        return numbers
    have = "has" if len(missing) == 1 else "have"
    item = items.ids[int(missing[0])]
    near = None
    if len(missing) == len(numbers):
        near = next(iter(get_close_matches(path, SHORT, 1)), None) or near_path(path, items)
    if near == path:
        shown = msgspec.json.encode(items.column(path).reached(0)[:1]).decode()
        raise InputError(f'"{path}" holds no numbers, but values such as {shown[1:-1]}')
    raise InputError(
        f'{_items(len(missing))} {have} no number at "{path}", the first is {item}',
        hint=f'did you mean "{near}"?' if near else f"default({path}, 1) stands in where there is none",
    )


def _numbers(path: str, items: ItemTable) -> Numbers:
    """Return the numbers at a path, NaN where there is none."""
    result = np.ones(len(items))
    for part in SHORT.get(path, (path,)):
        result = result * _column_numbers(items.column(part))
    return result


def _column_numbers(column: Column) -> Numbers:
    values = np.array([*(_number(reached) for reached in column.values), np.nan])
    found: Numbers = values[column.codes]
    if column.numbers is not None:
        plain = column.codes == column.number_code
        found[plain] = column.numbers[plain]
    return found


def _number(reached: tuple[Any, ...]) -> float:
    if len(reached) != 1 or isinstance(reached[0], bool) or not isinstance(reached[0], int | float):
        return float("nan")
    return float(reached[0])


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
