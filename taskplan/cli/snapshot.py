"""`snapshot`: a dataset as a folder of Parquet files, for clusters and for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from taskplan.cli import options, output


@click.command()
@click.argument("location")
@options.store_option
@options.dataset_option
@click.option(
    "--rows", type=click.IntRange(min=1), default=500_000, show_default=True, help="Items in one part."
)
@click.option(
    "--overwrite", is_flag=True, help="Write over a snapshot, which stays until the new one is whole."
)
@options.json_option
def snapshot(
    location: str, store: Path, dataset: str | None, rows: int, overwrite: bool, as_json: bool
) -> None:
    """Write a dataset as a folder of Parquet files, in parts.

    LOCATION is a new folder, or a URL that fsspec knows (`s3://bucket/name`). The parts are readable by
    pandas, polars, DuckDB and Spark; `plan --from LOCATION` plans on them. Whatever ends this early leaves
    what was there before.
    """
    from taskplan.model.snapshots import write_snapshot

    with options.using_store(store) as opened:
        table = opened.table(dataset)
        try:
            with output.progress(f"writing {table.dataset}") as progress:
                written = write_snapshot(table, location, rows=rows, overwrite=overwrite, progress=progress)
        except KeyboardInterrupt as stop:
            # Of this command nothing is kept to continue from.
            output.say(f"interrupted before the snapshot was whole; {location} is as it was before")
            raise click.exceptions.Exit(130) from stop
    if as_json:
        output.print_json(
            {
                "location": location,
                "dataset": written.dataset,
                "items": written.items,
                "annotations": written.annotations,
                "parts": len(written.parts),
                "columns": list(written.columns),
            }
        )
        return
    parts, columns = len(written.parts), len(written.columns)
    output.tell(
        f"{written.dataset}: {output.plural(written.items, 'item')} in {output.plural(parts, 'part')}, "
        f"{output.plural(columns, 'column')}"
    )
    output.say(f"written to {location}; next: taskplan plan spec.yaml --from {location}")


commands = {"snapshot": snapshot}
