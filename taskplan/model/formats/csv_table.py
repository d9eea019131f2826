"""Items as CSV: one row an item, cells typed, empty cells absent."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taskplan.errors import DataError
from taskplan.model.formats.columns import TEXT_FIELDS, paths_of_columns, record_of_row, row_as_json
from taskplan.model.formats.record import Record

# As in JSON, so that "007" and "1e5x" stay text.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_csv(path: Path, dataset: str) -> Iterator[Record]:
    """Yield a record for each row; DataError where the header is unusable or the text is not UTF-8."""
    source = str(path)
    # csv raises its error for a field above its limit, which is made for tables of numbers.
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            names = next((row for row in rows if row), None)
            if names is None:
                return
            names = [name.strip() for name in names]
            paths = paths_of_columns(names, source)
            text_columns = [path[0] in TEXT_FIELDS for path in paths]
            line = rows.line_num
            for row in rows:
                start, line = line + 1, rows.line_num
                if not row:
                    continue
                if len(row) != len(paths):
                    problem = DataError(
                        f"expected {len(paths)} cells, found {len(row)}", source=source, line=start
                    )
                    yield Record(row_as_json(row), source, start, problem)
                    continue
                values = [
                    (cell or None) if is_text else typed(cell)
                    for cell, is_text in zip(row, text_columns, strict=True)
                ]
                yield record_of_row(paths, values, dataset, source, start)
        except UnicodeDecodeError as error:
            raise DataError("is not UTF-8 text", source=source, line=rows.line_num + 1) from error
        except csv.Error as error:
            raise DataError(f"is not CSV ({error})", source=source, line=rows.line_num) from error


def typed(cell: str) -> Any:
    """Return a cell as number, bool or text; None where it is empty."""
    if not cell:
        return None
    if cell in _BOOLEANS:
        return _BOOLEANS[cell]
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _NUMBER.fullmatch(cell) and len(cell) < 200:
        return float(cell)
    return cell
