"""`strategies` and `backends`: what is installed."""

from __future__ import annotations

import click

from taskplan.cli import options, output


@click.command()
@options.json_option
def strategies(as_json: bool) -> None:
    """List the installed ways to split items, with their options."""
    from taskplan.allocation.registry import list_strategies

    found = list_strategies()
    if as_json:
        rows = [{"name": s.name, "summary": s.summary, "options": list(s.options)} for s in found]
        output.print_json(rows)
        return
    rows_shown = [(s.name, ", ".join(s.options) or "none", s.summary) for s in found]
    output.show(output.table(("strategy", "options", "what it does"), rows_shown))


@click.command()
@options.json_option
def backends(as_json: bool) -> None:
    """List the installed backends."""
    from taskplan.replay.registry import list_backends

    found = list_backends()
    if as_json:
        output.print_json(
            [{"name": b.name, "summary": b.summary, "capabilities": list(b.capabilities)} for b in found]
        )
        return
    rows = [(b.name, b.summary, ", ".join(b.capabilities)) for b in found]
    output.show(output.table(("backend", "what it is", "what it can do"), rows))


commands = {"strategies": strategies, "backends": backends}
