"""A burn-down as a small picture that is drawn already, for where no script may run."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from taskplan.report.html import Html, element
from taskplan.simulation.forecast import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskplan.simulation.forecast import Burndown

WIDTH, HEIGHT = 480, 96
"""Pixels."""
_BANDS = ((0, len(LEVELS) - 1, 0.15), (1, len(LEVELS) - 2, 0.25))


def fan(burndown: Burndown, description: str) -> Html:
    """Return the items left over time, as bands of quantiles and the median, in the colour of the text.

    All are steps, so that nights and weekends are flat.
    """
    times = burndown.times
    first, span = (times[0], times[-1] - times[0] or 1.0) if times else (0.0, 1.0)
    most = max((left for row in burndown.left for left in row), default=0.0) or 1.0

    def points(row: Sequence[float]) -> list[str]:
        xs = [f"{WIDTH * (time - first) / span:.1f}" for time in times]
        ys = [f"{HEIGHT * (1 - left / most):.1f}" for left in row]
        # What is left at a moment is left until the next one.
        held = [f"{x},{y}" for x, y in zip(xs[1:], ys, strict=False)]
        seen = [f"{x},{y}" for x, y in zip(xs, ys, strict=True)]
        return [point for pair in zip_longest(seen, held) for point in pair if point is not None]

    bands = (
        element(
            "polygon",
            points=_joined([*points(burndown.left[low]), *reversed(points(burndown.left[high]))]),
            fill="currentColor",
            fill_opacity=opacity,
        )
        for low, high, opacity in _BANDS
    )
    median = element(
        "polyline",
        points=_joined(points(burndown.left[LEVELS.index(0.5)])),
        fill="none",
        stroke="currentColor",
        stroke_width=1.5,
    )
    return element(
        "svg",
        *bands,
        median,
        role="img",
        aria_label=description,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        style="max-width:100%;height:auto",
    )


def _joined(points: Iterable[str]) -> str:
    return " ".join(points)
