"""Item documents: the fields that the platform always has, and the two forms it exports.

The *item form* is what the platform's API returns (``id``, ``metadata``, …);
the *export form* is what its JSON export writes (``_id``, ``itemMetadata``,
with the annotations inside).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

_EXPORT_NAMES = {"_id": "id", "itemMetadata": "metadata"}
_ITEM_NAMES = {item: export for export, item in _EXPORT_NAMES.items()}


def complete(document: Mapping[str, Any], annotations: int | None = None) -> dict[str, Any]:
    """Return an item document with what the platform always has, derived where it is absent.

    `annotations` is their number where they are kept elsewhere. Present fields
    are never replaced: ``name`` and ``dir`` come from ``filename``, ``type`` is
    ``file``, ``hidden`` false, ``metadata.system.refs`` an empty list (the
    platform stores one for every item), ``annotated`` and ``annotationsCount``
    follow the annotations.
    """
    result = dict(document)
    count = annotations
    if count is None:
        held = document.get("annotations")
        count = len(held) if isinstance(held, list) else 0
    filename = result.get("filename")
    if isinstance(filename, str):
        folder, _, name = filename.rpartition("/")
        result.setdefault("name", name)
        result.setdefault("dir", folder or "/")
    result.setdefault("type", "file")
    result.setdefault("hidden", False)
    stated = result.setdefault("annotationsCount", count)
    result.setdefault("annotated", isinstance(stated, int) and stated > 0)
    metadata = result.get("metadata", {})
    if isinstance(metadata, Mapping):
        system = metadata.get("system", {})
        if isinstance(system, Mapping) and "refs" not in system:
            result["metadata"] = {**metadata, "system": {**system, "refs": []}}
    return result


def item_from_export(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an export document in item form, without its annotations; no other field is lost."""
    return _renamed(document, _EXPORT_NAMES)


def export_from_item(document: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an item document in export form with its annotations."""
    result = _renamed(document, _ITEM_NAMES)
    result["annotations"] = list(annotations)
    return result


def _renamed(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Rename fields, except where the new name is taken: a document with both keeps both."""
    return {
        (names[name] if name in names and names[name] not in document else name): value
        for name, value in document.items()
        if name != "annotations"
    }


def generated_id(dataset: str, filename: str) -> str:
    """Return a stable id of 24 hexadecimal digits for a source that has none."""
    return hashlib.sha256(f"{dataset}\n{filename}".encode()).hexdigest()[:24]
