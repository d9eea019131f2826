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
@click.option("--overwrite", is_flag=True, help="Take away the snapshot that is there first.")
@options.json_option
def snapshot(
    location: str, store: Path, dataset: str | None, rows: int, overwrite: bool, as_json: bool
) -> None:
    """Write a dataset as a folder of Parquet files, in parts.

    LOCATION is a new folder, or a URL that fsspec knows (`s3://bucket/name`). The parts are readable by
    pandas, polars, DuckDB and Spark; `plan --from LOCATION` plans on them.
    """
    from taskplan.model.snapshots import write_snapshot

    with options.using_store(store) as opened:
        table = opened.table(dataset)
        with output.progress(f"writing {table.dataset}") as progress:
            written = write_snapshot(table, location, rows=rows, overwrite=overwrite, progress=progress)
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
