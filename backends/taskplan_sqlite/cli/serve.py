"""`serve`: the local mock over HTTP, for unmodified SDK scripts."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from taskplan.cli import options, output
from taskplan_sqlite.cli.gate_options import delay_option, need_gate, user_option


@click.command(short_help="Serve a store as the platform's REST API, on loopback.")
@options.store_option
@click.option("--new", is_flag=True, help="Make the store where there is none.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on loopback; 0 takes a free one."
)
@user_option
@click.option("--keep-files", type=options.PATH, metavar="FOLDER", help="Keep the bytes of uploads here.")
@delay_option
@click.option("--faults", type=options.PATH, metavar="FILE", help="Fail as this YAML schedule says.")
@options.json_option
def serve(
    store: Path,
    new: bool,
    port: int,
    user: str,
    keep_files: Path | None,
    command_delay: float,
    faults: Path | None,
    as_json: bool,
) -> None:
    """Serve a store as the platform's REST API, on loopback, until Ctrl-C.

    Unmodified dtlpy scripts work against it; what they do is in the store.
    """
    server = need_gate("`taskplan serve`")
    from taskplan.errors import NotFoundError
    from taskplan_sqlite.gate.faults import read_faults
    from taskplan_sqlite.gate.service import Options

    schedule = None if faults is None else read_faults(faults)
    if not new and not store.exists():
        raise NotFoundError("there is no store here", source=str(store), hint="--new makes an empty one")
    wanted = Options(user=user, keep_files=keep_files, command_delay=command_delay)
    with server.open_gate(store, wanted, create=new) as gate:
        if schedule is not None:
            gate.faults = schedule
        listener = server.listen(port)
        running = server.server_of(gate, listener)
        if as_json:
            output.print_json({"url": gate.url, "token": gate.token, "page": gate.page})
        else:
            output.tell(f"gate:  {gate.url}")
            output.tell(f"token: {gate.token}")
            output.tell(f"page:  {gate.page}")
            output.tell("")
            output.tell("import dtlpy as dl")
            output.tell(f'dl.client_api.add_environment("{gate.url}", gate_url="{gate.url}")')
            output.tell(f'dl.setenv("{gate.url}"); dl.login_token("{gate.token}")')
            output.say("Ctrl-C ends it")
        # Whoever waits for the address in a pipe needs it now.
        sys.stdout.flush()
        # Ctrl-C is how it is meant to end.
        with suppress(KeyboardInterrupt):
            running.run(sockets=[listener])
