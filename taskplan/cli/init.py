"""`init`: a first spec or workforce to edit, or the JSON Schema that editors complete from."""

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
@click.argument("path", type=options.PATH, required=False)
@click.option(
    "--workforce", is_flag=True, help="A workforce instead of a spec: who works when, and how fast."
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of such files instead.")
def init(path: Path | None, workforce: bool, schema: bool) -> None:
    """Write a first spec to PATH (spec.yaml, or team.yaml with --workforce), never over an existing file."""
    if schema:
        output.print_json(_schema(workforce))
        return
    if workforce:
        from taskplan.simulation.first_workforce import first_workforce

        path = path or Path("team.yaml")
        _write(path, first_workforce())
        output.tell(f"{path} written")
        return
    path = path or Path("spec.yaml")
    _write(path, FIRST_SPEC.format(name=path))
    output.tell(f"{path} written; next: taskplan import PATH, then taskplan plan {path}")


def _schema(workforce: bool) -> object:
    if workforce:
        from taskplan.simulation.workforce_file import workforce_schema

        return workforce_schema()
    from taskplan.planning.spec import spec_schema

    return spec_schema()


def _write(path: Path, text: str) -> None:
    from taskplan.errors import InputError, NotFoundError

    if not path.parent.is_dir():
        raise NotFoundError("there is no such folder", source=str(path.parent))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError("exists already and is left as it is", source=str(path)) from error


commands = {"init": init}
