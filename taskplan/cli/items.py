"""`import`, `export` and `items`: filling a store and looking into it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output

if TYPE_CHECKING:
    from taskplan.dql.query import Query
    from taskplan.model.store import ImportResult

FORMATS = ("auto", "export", "ndjson", "csv", "parquet", "folder")


@click.command("import")
@click.argument("path", type=options.PATH)
@options.store_option
@click.option("--dataset", help="Name of the dataset; the name of PATH where not given.")
@click.option("--project", default="local", show_default=True, help="Name of the project.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="auto", show_default=True)
@click.option("--skip-bad", is_flag=True, help="Keep good records; write the bad ones to a side file.")
@options.json_option
def import_items(
    path: Path, store: Path, dataset: str | None, project: str, format_: str, skip_bad: bool, as_json: bool
) -> None:
    """Read the items at PATH into a store: all of them, or none.

    PATH is a platform export (folder, zip or one document a line), NDJSON items,
    CSV, Parquet (a file, or a folder of them such as a snapshot), or a plain folder of files.
    Importing again changes only what differs.
    """
    name = dataset or options.dataset_name(path)
    with options.using_store(store, create=True) as opened, output.progress(f"importing {name}") as progress:
        result = opened.import_path(
            path, name, project=project, format=format_, skip_bad=skip_bad, progress=progress
        )
    if as_json:
        output.print_json(
            {
                "store": str(store),
                "dataset": result.dataset,
                "read": result.read,
                "added": result.added,
                "changed": result.changed,
                "unchanged": result.unchanged,
                "others": result.others,
                "skipped": result.skipped,
                "skipped_file": str(result.skipped_file) if result.skipped_file else None,
            }
        )
        return
    say_imported(result)
    if not result.read:
        output.warn([f"there is no item in {path}"])


def say_imported(result: ImportResult) -> None:
    """Print what an import read, for people."""
    output.tell(
        f"{result.dataset}: {output.plural(result.read, 'item')} read, {result.added:,} added, "
        f"{result.changed:,} changed, {result.unchanged:,} unchanged"
    )
    if result.others:
        verb = "stays" if result.others == 1 else "stay"
        output.say(f"{output.plural(result.others, 'other item')} of the dataset {verb} as before")
    if result.skipped:
        output.warn([f"{output.plural(result.skipped, 'bad record')} skipped, see {result.skipped_file}"])


@click.command("export")
@options.store_option
@options.dataset_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["items", "export"]),
    default="items",
    show_default=True,
    help="Item documents, or the platform's export documents.",
)
@click.option("-o", "--output", "target", type=options.PATH, help="File to write; stdout where not given.")
def export_items(store: Path, dataset: str | None, format_: str, target: Path | None) -> None:
    """Write every item of a dataset, one JSON document a line."""
    from taskplan.errors import InputError
    from taskplan.model.files import atomic_write

    if target is not None and target.exists() and store.exists() and target.samefile(store):
        raise InputError("is the store itself", source=str(target), hint="export to another file")
    with options.using_store(store) as opened:
        table = opened.table(dataset)
        lines = opened.export(table.dataset, format="export" if format_ == "export" else "items")
        if target is None:
            for line in lines:
                sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
            return
        with atomic_write(target) as file, output.progress(f"exporting {table.dataset}") as progress:
            for number, line in enumerate(lines, start=1):
                file.write(line + b"\n")
                if progress is not None and number % 10_000 == 0:
                    progress(number, len(table))


@click.command("items")
@options.store_option
@options.dataset_option
@click.option(
    "--where",
    multiple=True,
    metavar="QUERY",
    help="Short form (`dir: /train`), DQL JSON, or @FILE with either. Several must all hold.",
)
@click.option("--explain", "explained", is_flag=True, help="Per clause: how many items it keeps and drops.")
@click.option("--count", "only_count", is_flag=True, help="Print the number of matching items only.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Items to list.")
@options.json_option
def list_items(
    store: Path,
    dataset: str | None,
    where: tuple[str, ...],
    explained: bool,
    only_count: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the items that a query matches; hidden items and folders stay out unless asked for."""
    from taskplan.dql.evaluate import select
    from taskplan.dql.explain import explain, unknown_paths
    from taskplan.dql.nothing import why_nothing

    if explained and only_count:
        raise click.UsageError("give either --explain or --count")
    query = parse_where(where)
    with options.using_store(store) as opened:
        table = opened.table(dataset)
        matched = len(select(query, table))
        page = select(query, table, paged=True)[: 0 if only_count else limit]
        strangers = unknown_paths(query, table)
        nothing = why_nothing(query, table) if not matched and not strangers else None
        reports = explain(query, table) if explained else ()
        listed = list(table.documents(page.tolist()))
        total = len(table)
    warnings = [
        f'no item has "{path}"' + (f'; did you mean "{found}"?' if found else "") for path, found in strangers
    ]
    if nothing is not None:
        warnings.append(nothing)
    if as_json:
        clauses = [
            {"clause": r.text, "alone": r.alone, "kept": r.kept, "dropped": r.dropped} for r in reports
        ]
        data: dict[str, Any] = {"dataset": table.dataset, "items": total, "matched": matched}
        if explained:
            data["clauses"] = clauses
        output.print_json({**data, "warnings": warnings, "listed": listed})
        return
    output.warn(warnings)
    if only_count:
        click.echo(matched)
        return
    output.show(output.heading(f"{table.dataset}: {matched:,} of {output.plural(total, 'item')} match"))
    if explained:
        output.show(
            output.table(
                ("clause", "alone", "kept", "dropped"),
                [(r.text, f"{r.alone:,}", f"{r.kept:,}", f"{r.dropped:,}") for r in reports],
                right=("alone", "kept", "dropped"),
            )
        )
    if listed:
        output.show(
            output.table(
                ("id", "filename", "annotated", "tasks"),
                [_line(document) for document in listed],
                right=("tasks",),
            )
        )
    if 0 < len(listed) < matched:
        why = "--limit" if len(listed) == limit else "the page of the query"
        output.say(f"… and {matched - len(listed):,} more ({why})")


def parse_where(where: tuple[str, ...]) -> Query:
    """Turn the texts of --where into one query; each may be short form, JSON, or @FILE."""
    from taskplan.dql.short import query_from
    from taskplan.errors import InputError

    texts = []
    for text in where:
        if text.startswith("@"):
            path = Path(text[1:])
            try:
                text = path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise InputError("is not UTF-8 text", source=str(path)) from error
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror}", source=str(path)) from error
        texts.append(text)
    if len(texts) > 1:
        from taskplan.dql.short import combine

        return combine(texts)
    return query_from(texts[0] if texts else {})


def _line(document: dict[str, Any]) -> tuple[str, str, str, int]:
    refs = document["metadata"]["system"]["refs"]
    tasks = sum(1 for ref in refs if isinstance(ref, dict) and ref.get("type") == "task")
    annotated = document["annotated"]
    words = annotated if isinstance(annotated, str) else "yes" if annotated else "no"
    return document["id"], document["filename"], words, tasks


commands = {"import": import_items, "export": export_items, "items": list_items}
