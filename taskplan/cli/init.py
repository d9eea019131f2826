"""`init`: a first spec to edit, or the JSON Schema that editors complete from."""

from __future__ import annotations

from pathlib import Path

import click

from taskplan.cli import options, output

FIRST_SPEC = """\
# Who annotates what. `taskplan plan {name}` makes a plan of it; nothing is changed.
tasks:
  - name: label-train
    filter: {{dir: /train, annotated: false}}   # leave it out for the whole dataset
    assignees:
      - ann@example.com
      - ben@example.com
    due: 2029-01-01
    priority: medium

  - name: check-train
    type: qa
    of: label-train
    assignees: [cat@example.com]
"""


@click.command()
@click.argument("path", type=options.PATH, default=Path("spec.yaml"))
@click.option("--schema", is_flag=True, help="Print the JSON Schema of specs instead.")
def init(path: Path, schema: bool) -> None:
    """Write a first spec to PATH (spec.yaml), never over an existing file."""
    if schema:
        from taskplan.planning.spec import spec_schema

        output.print_json(spec_schema())
        return
    from taskplan.errors import InputError, NotFoundError

    if not path.parent.is_dir():
        raise NotFoundError("there is no such folder", source=str(path.parent))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(FIRST_SPEC.format(name=path))
    except FileExistsError as error:
        raise InputError("exists already and is left as it is", source=str(path)) from error
    output.tell(f"{path} written; next: taskplan import PATH, then taskplan plan {path}")


commands = {"init": init}
