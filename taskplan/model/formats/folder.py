"""A plain folder of files as items: name, size, MIME type, and image size where it can be read."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from taskplan.errors import DataError
from taskplan.model.documents import generated_id
from taskplan.model.formats.record import Record


def read_files(path: Path, dataset: str) -> Iterator[Record]:
    """Yield a record for each visible file below a folder, sorted by path; files are not read whole."""
    for file in visible_files(path):
        filename = "/" + file.relative_to(path).as_posix()
        try:
            filename.encode()
            system: dict[str, Any] = {"size": file.stat().st_size}
        except (UnicodeEncodeError, OSError) as error:
            source = os.fsencode(file).decode(errors="replace")
            what = (
                "has a name that is not UTF-8" if isinstance(error, UnicodeEncodeError) else "is unreadable"
            )
            yield Record(b"", source, None, DataError(what, source=source))
            continue
        kind = mimetypes.guess_type(file.name, strict=False)[0]
        if kind is not None:
            system["mimetype"] = kind
        if kind is not None and kind.startswith("image/"):
            system |= image_size(file)
        document = {
            "id": generated_id(dataset, filename),
            "filename": filename,
            "metadata": {"system": {**system, "refs": []}},
        }
        yield Record(msgspec.json.encode(document), str(file))


def visible_files(path: Path) -> Iterator[Path]:
    """Yield the files below a folder, folder by folder in sorted order, without hidden ones and pipes.

    DataError for a folder that cannot be read: nothing is left out without a word.
    """

    yield from _visible_files(path, ())


def _visible_files(path: Path, above: tuple[str, ...]) -> Iterator[Path]:
    real = os.path.realpath(path)
    if real in above:
        # A link back to a folder that is being read already.
        return
    try:
        entries = [path / name for name in sorted(os.listdir(path))]
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", source=str(path)) from error
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    yield from (entry for entry in visible if entry.is_file() or not entry.exists())
    for folder in visible:
        if folder.is_dir():
            yield from _visible_files(folder, (*above, real))


def image_size(file: Path) -> dict[str, int]:
    """Return width and height in pixels; nothing where Pillow is absent or cannot tell."""
    try:
        from PIL import Image
    except ImportError:
        return {}
    try:
        with Image.open(file) as image:
            return {"width": image.width, "height": image.height}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # Not an image after all, or damaged: the item stays, without a size.
        return {}
