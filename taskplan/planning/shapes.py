"""Documents with a shape: what the library complains of becomes one line that points at a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from taskplan.dql.parse import show
from taskplan.errors import SpecError, did_you_mean
from taskplan.located import Located, unwritable

Document = TypeVar("Document", bound=msgspec.Struct)
_COMPLAINT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*?)`)?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a document, for errors about it."""

    located: Located
    source: str
    path: str = ""

    def at(self, name: str) -> Place:
        """Return the field `name` inside."""
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def entry(self, index: int) -> Place:
        """Return an entry of the list."""
        return replace(self, path=f"{self.path}[{index}]")

    def error(self, message: str, hint: str | None = None) -> SpecError:
        """Return an error about this field."""
        line = self.located.line(self.path)
        return SpecError(message, source=self.source, line=line, path=self.path or None, hint=hint)


@dataclass(frozen=True, slots=True)
class Shape(Generic[Document]):
    """The shape of a document, and what to say of it.

    `noun` is what such a document is called; `expected` says what each field should be (``quality.kind``:
    only inside `quality`), `entries` what an entry of each list should be; `rooms` gives the fields
    that are known at a path.
    """

    document: type[Document]
    noun: str
    expected: Mapping[str, str]
    entries: Mapping[str, str]
    rooms: tuple[tuple[re.Pattern[str], type[msgspec.Struct]], ...]

    def convert(self, located: Located, source: str) -> Document:
        """Return the document; SpecError that points at the first field that is not as it should be."""
        if not isinstance(located.data, dict):
            found = "nothing" if located.data is None else show(located.data)
            raise SpecError(f"expected {self.noun}, got {found}", source=source)
        if fault := unwritable(located.data):
            path, what = fault
            raise SpecError(what, source=source, line=located.line(path), path=path)
        try:
            return msgspec.convert(located.data, self.document)
        except msgspec.ValidationError as error:
            raise self._translated(str(error), located, source) from error

    def schema(self, title: str) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of such documents."""
        schema = msgspec.json.schema(self.document)
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}

    def _translated(self, complaint: str, located: Located, source: str) -> SpecError:
        found = _COMPLAINT.match(complaint)
        assert found is not None
        # The library does not say by which key it went: `[...]` is all there is.
        path, what = (found["path"] or "").partition("[...]")[0], found["what"]
        line = located.line(path)
        if unknown := re.match(r"Object contains unknown field `(.*)`", what):
            names = next(struct for room, struct in self.rooms if room.fullmatch(path)).__struct_fields__
            place = f"{path}.{unknown[1]}".lstrip(".")
            return SpecError(
                "unknown field",
                source=source,
                line=located.line(place),
                path=place,
                hint=did_you_mean(unknown[1], names) or f"expected one of {', '.join(names)}",
            )
        if missing := re.match(r"Object missing required field `(.*)`", what):
            return SpecError(f'"{missing[1]}" is missing', source=source, line=line, path=path or None)
        message = f"expected {self._expected(path)}, got {show(value_at(located.data, path))}"
        return SpecError(message, source=source, line=line, path=path)

    def _expected(self, path: str) -> str:
        parts = [part.partition("[")[0] for part in path.split(".")]
        if path.endswith("]"):
            return self.entries[parts[-1]]
        inside = ".".join(parts[-2:])
        return self.expected[inside if inside in self.expected else parts[-1]]


def read_text(path: Path, noun: str) -> str:
    """Read a file that holds a document; SpecError where that cannot be."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError("no such file", source=str(path)) from error
    except IsADirectoryError as error:
        raise SpecError(f"is a folder, expected {noun}", source=str(path)) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", source=str(path)) from error
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", source=str(path)) from error


def value_at(data: Any, path: str) -> Any:
    """Return what stands at a path (``tasks[0].name``), None where nothing does."""
    for part in re.findall(r"[^.\[\]]+", path):
        data = (
            data[int(part)] if isinstance(data, list) else data.get(part) if isinstance(data, dict) else None
        )
    return data
