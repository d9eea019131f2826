"""Items as Parquet: one row an item, nested columns kept, null absent (extra ``parquet``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taskplan.errors import DataError, MissingExtraError
from taskplan.model.formats.columns import paths_of_columns, record_of_row
from taskplan.model.formats.record import Record

_ROWS = 10_000


def read_parquet(path: Path, dataset: str) -> Iterator[Record]:
    """Yield a record for each row, its number as line; MissingExtraError without pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading Parquet", "parquet") from error
    source = str(path)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            paths = paths_of_columns(list(file.schema_arrow.names), source)
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS):
                columns = [values_of(column) for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield record_of_row(paths, [present(v) for v in values], dataset, source, number)
    except (pyarrow.ArrowException, OverflowError, ValueError, LookupError) as error:
        # Arrow tells what it cannot read, Python what it has no value for (a year 20,000, an unknown zone).
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"cannot be read as Parquet ({what})", source=source) from error


def values_of(column: Any) -> list[Any]:
    """Return the values of an Arrow array; Python's own times end at microseconds, so finer ones are text."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        texts = column.cast(pyarrow.string()).to_pylist()
        return [None if text is None else text.replace(" ", "T") for text in texts]
    if pyarrow.types.is_duration(kind) and kind.unit == "ns":
        column = column.cast(pyarrow.duration("us"), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def present(value: Any) -> Any:
    """Return a value as JSON can hold it; null and NaN are absent."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
