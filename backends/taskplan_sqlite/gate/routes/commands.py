"""Commands: what is asked of them."""

from __future__ import annotations

from typing import Any

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.routing import Call, Routes
from taskplan_sqlite.gate.service import Gate

routes = Routes()


@routes("GET", "/commands")
def list_commands(gate: Gate, call: Call) -> Any:
    """All commands, oldest first."""
    return [wire.command(gate, entry) for entry in gate.commands.all(now=call.now)]


@routes("GET", "/commands/{id}")
def get_command(gate: Gate, call: Call) -> Any:
    """A command as it stands."""
    return wire.command(gate, gate.commands.read(call.path["id"], now=call.now))


@routes("POST", "/commands/{id}/abort")
def abort_command(gate: Gate, call: Call) -> Any:
    """Abort a command that still runs."""
    return wire.command(gate, gate.commands.abort(call.path["id"], now=call.now))
