"""Options that `serve` and `run` share, and the extra that both need."""

from __future__ import annotations

from typing import Any

import click

from taskplan.cli import options
from taskplan.errors import MissingExtraError

user_option = click.option(
    "--user",
    default="me@example.com",
    show_default=True,
    callback=options.check_email,
    help="Who the token speaks for.",
)
delay_option = click.option(
    "--command-delay",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Seconds in which commands pass through their states.",
)


def need_gate(feature: str) -> Any:
    """Import and return the gate's server module; MissingExtraError where the extra is not installed."""
    try:
        from taskplan_sqlite.gate import server
    except ImportError as error:
        raise MissingExtraError(feature, "gate") from error
    return server
