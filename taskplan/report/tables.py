"""Tables that say what they are, and scroll in a box of their own where a screen is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from taskplan.report.html import Content, Html, element, join


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `field` is where its numbers are from, see `table`."""

    title: str
    field: str | None = None
    kind: Literal["number", "words", "barred"] = "number"

    @property
    def style(self) -> str | None:
        """The class of its cells; most are numbers, and need none."""
        return None if self.kind == "number" else self.kind


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Content]],
    *,
    of: str | None = None,
    by: Literal["row", "column"] = "row",
    first: Sequence[Content] | None = None,
    caption_seen: bool = True,
) -> Html:
    """Return a table whose first column names its rows.

    The cells of row n are from the data at `of`, n and the column's field, or, `by` column, at `of`, the
    column's field and n: ``forecast.people``, ``3``, ``hours``. A row that is `first` is not counted.
    """
    heads = [
        element(
            "th",
            column.title,
            scope="col",
            class_="words" if column is columns[0] else column.style,
            data_field=column.field,
        )
        for column in columns
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", element("span", caption), class_=None if caption_seen else "unseen"),
            element("thead", element("tr", *heads)),
            element("tbody", _row(columns, first)) if first else None,
            element("tbody", *(_row(columns, row) for row in rows), data_of=of, data_by=of and by),
        ),
        class_="scroll",
        role="group",
        aria_label=caption,
        # So that the arrow keys scroll it; the script takes it away where there is nothing to scroll.
        tabindex=0,
    )


def _row(columns: Sequence[Column], cells: Sequence[Content]) -> Html:
    named, *others = cells
    shown = [element("td", cell, class_=c.style) for cell, c in zip(others, columns[1:], strict=True)]
    return element("tr", element("th", named, scope="row"), join(*shown))
