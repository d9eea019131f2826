"""The command `taskplan`: which commands there are, and how errors become one line and an exit code.

Commands are imported only when they run, so that ``taskplan --help`` stays fast.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper

import click

from taskplan import __version__
from taskplan.cli import output
from taskplan.errors import DriftError, TaskplanError, nearest

# name → (module, summary); the summary stands here so that help needs no import.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("taskplan.cli.demo", "Plan, rehearse, apply and verify on a generated dataset."),
        "init": ("taskplan.cli.init", "Write a first spec or workforce, or print its JSON Schema."),
    },
    "Items": {
        "import": ("taskplan.cli.items", "Read items from an export, NDJSON, CSV, Parquet or a folder."),
        "export": ("taskplan.cli.items", "Write a dataset's items, one JSON document a line."),
        "snapshot": ("taskplan.cli.snapshot", "Write a dataset as a folder of Parquet files, in parts."),
        "items": ("taskplan.cli.items", "List, count and explain the items that a query matches."),
    },
    "Plan": {
        "plan": ("taskplan.cli.plan", "Make a plan: who annotates what."),
        "show": ("taskplan.cli.show", "Show a plan."),
        "diff": ("taskplan.cli.show", "Compare two plans by people and items."),
        "explain": ("taskplan.cli.show", "Say why an item went to someone, or to nobody."),
        "report": ("taskplan.cli.report", "Write a plan, and its forecast, as one HTML page."),
        "check": ("taskplan.cli.check", "Check a plan, or whether a way to split is fair."),
        "strategies": ("taskplan.cli.registry", "List the installed ways to split items."),
    },
    "Forecast": {
        "simulate": ("taskplan.cli.simulate", "Forecast when a plan will be done, and what would help."),
        "calibrate": ("taskplan.cli.calibrate", "Learn from finished items how long people take."),
    },
    "Replay": {
        "rehearse": ("taskplan.cli.replay", "Perform a plan on a throwaway copy of the store."),
        "apply": ("taskplan.cli.replay", "Perform a plan, exactly once."),
        "verify": ("taskplan.cli.replay", "Compare a backend with a plan, item by item."),
        "undo": ("taskplan.cli.replay", "Remove exactly what a plan created."),
        "status": ("taskplan.cli.status", "Show tasks, assignments, loads and progress."),
        "backends": ("taskplan.cli.registry", "List the installed backends."),
    },
}
PLUGIN_GROUP = "taskplan.commands"


def _builtin() -> dict[str, tuple[str, str]]:
    return {name: entry for section in COMMANDS.values() for name, entry in section.items()}


def _plugins() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {entry.name: entry.value for entry in entry_points(group=PLUGIN_GROUP)}


def _load(value: str) -> click.Command:
    module_name, _, attribute = value.partition(":")
    command = getattr(import_module(module_name), attribute)
    assert isinstance(command, click.Command)
    return command


def _summary(value: str) -> str:
    """Return what a command of another package says of itself; a broken one must not break the help."""
    try:
        return _load(value).get_short_help_str(100)
    except Exception:
        return f"cannot be loaded ({value})"


class LazyGroup(click.Group):
    """A group whose commands are named here and imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_builtin(), *_plugins()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        builtin = _builtin()
        if cmd_name in builtin:
            module = import_module(builtin[cmd_name][0])
            return module.commands[cmd_name]  # type: ignore[no-any-return]
        value = _plugins().get(cmd_name)
        if value is None:
            return None
        return _load(value)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            found = nearest(args[0], self.list_commands(ctx))
            hint = f'; did you mean "{found}"?' if found else "."
            raise click.UsageError(f'No such command "{args[0]}"{hint}', ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, entries in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, (_, summary) in entries.items()])
        plugins = _plugins()
        if plugins:
            with formatter.section("Added by backends"):
                formatter.write_dl([(name, _summary(value)) for name, value in sorted(plugins.items())])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="taskplan")
def cli() -> None:
    """Plan, rehearse and check annotation tasks offline, then apply them exactly once.

    Try `taskplan demo`, or: import items, write a spec, `plan`, `show`, `apply`.
    """


def describe_failure(error: BaseException) -> tuple[str, int]:
    """Return the one line and the exit code for an exception that ended a command."""
    if isinstance(error, TaskplanError):
        return f"error: {error}", error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing that was finished is lost, the same command continues", 130
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"error: {name}{error.strerror or error}", 1
    if type(error).__module__ == "sqlite3":
        return f"error: the store cannot be used: {error}", 1
    if isinstance(error, MemoryError):
        return "error: there is not enough memory for this", 1
    return (
        f"internal error: {type(error).__name__}: {error}; this is a defect of taskplan "
        "(TASKPLAN_DEBUG=1 shows where)",
        1,
    )


def main(args: list[str] | None = None) -> None:
    """Run the command line; never shows a traceback unless TASKPLAN_DEBUG is set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal or file that lacks a character gets a question mark, not half of the output.
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=args, prog_name="taskplan", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        output.say(describe_failure(KeyboardInterrupt())[0])
        sys.exit(130)
    except BaseException as error:
        if isinstance(error, SystemExit) or os.environ.get("TASKPLAN_DEBUG"):
            raise
        line, exit_code = describe_failure(error)
        output.say(line)
        if isinstance(error, DriftError):
            output.say_some(error.changes)
        sys.exit(exit_code)
    sys.exit(code if isinstance(code, int) else 0)
