"""Rows of the table: a subject's seconds beside its rival's, and beside what the machine could do at best."""

from __future__ import annotations

from statistics import median
from typing import Any

Row = dict[str, Any]
Pairs = list[tuple[float, float]]
"""Seconds of ours and of the rival's, run by run."""


def row(
    question: str,
    subject: str,
    seconds: float | None,
    ratio: float | None = None,
    *,
    limit: str | None = None,
    ok: bool | None = None,
    note: str | None = "",
    at_best: float | None = None,
    peak: float | None = None,
) -> Row:
    """Return one row: `ratio` is ours to the rival's, `at_best` seconds at memory bandwidth, `peak` in MB.

    `ok` tells whether the limit is kept, None where there is none.
    """
    return {
        "question": question,
        "subject": subject,
        "seconds": seconds,
        "ratio": ratio,
        "limit": limit,
        "ok": ok,
        "at_best": at_best,
        "times_best": None if at_best is None or seconds is None else seconds / at_best,
        "peak_mb": peak,
        "note": note,
    }


def pair_rows(
    question: str,
    measured: Pairs,
    *,
    subjects: tuple[str, str],
    notes: tuple[str | None, str],
    seconds: float | None = None,
    ratio: float | None = None,
) -> list[Row]:
    """Return two rows, the limit on our `seconds` or on the `ratio` to the rival's."""
    ours, theirs = (median(column) for column in zip(*measured, strict=True))
    limit = f"≤ {seconds:g} s" if seconds is not None else f"≤ {ratio:g}"
    kept = ours <= seconds if seconds is not None else ours / theirs <= (ratio or 0)
    return [
        row(question, subjects[0], ours, ours / theirs, limit=limit, ok=kept, note=notes[0]),
        row(question, subjects[1], theirs, note=notes[1]),
    ]
