"""What goes to the terminal: stdout is data, stderr is talk; progress only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from taskplan.text import UNICODE_CONTROLS
from taskplan.text import clean as clean
from taskplan.text import plural as plural

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from taskplan.model.store import Progress


def console(*, stderr: bool = False) -> Console:
    """Return a console that never reads markup in what users wrote."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


# JSON itself leaves these as they are.
_JSON_CONTROLS = {code: f"\\u{code:04x}" for code in range(127, 160)} | UNICODE_CONTROLS


def show(*parts: RenderableType) -> None:
    """Print to stdout."""
    out = console()
    with nullcontext() if out.is_terminal else out.capture() as captured:
        for part in parts:
            out.print(part)
    if captured is not None:
        # Cells are filled up to the width of their column; files and pipes need none of that.
        click.echo("\n".join(line.rstrip() for line in captured.get().split("\n")), nl=False)


def tell(line: str) -> None:
    """Print a line of data to stdout."""
    click.echo(clean(line))


def say(message: str) -> None:
    """Print a line of talk to stderr."""
    click.echo(clean(message), err=True)


def say_some(lines: Sequence[str], most: int = 10) -> None:
    """Print the first lines of a list to stderr, and how many follow."""
    for line in lines[:most]:
        say(f"  {line}")
    if len(lines) > most:
        say(f"  and {len(lines) - most:,} more")


def warn(messages: Sequence[str]) -> None:
    """Print warnings to stderr, a line each."""
    for message in messages:
        click.secho("warning: ", fg="yellow", nl=False, err=True)
        click.echo(clean(message), err=True)


def print_json(value: Any) -> None:
    """Print one JSON document to stdout, keys in the order given."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False).translate(_JSON_CONTROLS))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> Table:
    """Build a borderless table; columns named in `right` hold numbers."""
    from rich.table import Table
    from rich.text import Text

    result = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        number = name in right
        result.add_column(
            name, justify="right" if number else "left", no_wrap=number, overflow="fold", min_width=len(name)
        )
    for row in rows:
        result.add_row(*(Text(clean(str(cell))) for cell in row))
    return result


def heading(text: str) -> RenderableType:
    """A bold line."""
    from rich.text import Text

    return Text(clean(text), style="bold")


def indented(content: str | RenderableType) -> RenderableType:
    """Move content two columns in, wrapped lines included."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(clean(content)) if isinstance(content, str) else content, (0, 0, 0, 2), expand=False)


def bar(share: float, width: int = 20) -> str:
    """Return a bar for a share of 0 to 1."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


@contextmanager
def progress(label: str) -> Iterator[Progress | None]:
    """Yield a progress callback that draws a bar on stderr, or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as display:
        job = display.add_task(label, total=None)
        yield lambda done, total: display.update(job, completed=done, total=total)
