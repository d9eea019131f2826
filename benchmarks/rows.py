"""Rows of the table for pairs of measurements: ours and a rival's, taken in turn."""

from __future__ import annotations

from statistics import median
from typing import Any

Pairs = list[tuple[float, float]]
"""Seconds of ours and of the rival's, run by run."""


def pair_rows(
    question: str,
    measured: Pairs,
    *,
    subjects: tuple[str, str],
    notes: tuple[str | None, str],
    seconds: float | None = None,
    ratio: float | None = None,
) -> list[dict[str, Any]]:
    """Return two rows, the limit on our `seconds` or on the `ratio` to the rival's."""
    ours, theirs = (median(column) for column in zip(*measured, strict=True))
    limit = f"≤ {seconds:g} s" if seconds is not None else f"≤ {ratio:g}"
    kept = ours <= seconds if seconds is not None else ours / theirs <= (ratio or 0)
    facts = ((ours, ours / theirs, limit, kept), (theirs, 1.0, None, None))
    return [
        {
            "question": question,
            "subject": subject,
            "seconds": taken,
            "ratio": quotient,
            "limit": said,
            "ok": ok,
            "note": note,
        }
        for subject, note, (taken, quotient, said, ok) in zip(subjects, notes, facts, strict=True)
    ]
