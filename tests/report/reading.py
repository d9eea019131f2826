"""A page read as a browser reads it: its data, and every number with the place that it says it is from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "col"}
TIMES = re.compile(r"(finish\.(at\.\d|due)|start|times\.\d+)$|^plan\..*\.due$")
NUMBER = re.compile(r"[-+]?[\d,]*\d(?:\.(\d+))?(%?)")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: list[Element | str] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a tag, as they stand in the page."""
        below = [part for part in self.inside if isinstance(part, Element)]
        return [found for part in below for found in ([part] if part.tag == tag else []) + part.all(tag)]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.inside)


class Page(HTMLParser):
    """The elements of a page; AssertionError where one is not closed in order."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(content)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, dict(attrs))
        self._open[-1].inside.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)

    def data(self, name: str) -> Any:
        """Return the data that the page holds under an id."""
        (found,) = (e for e in self.root.all("script") if e.attributes.get("id") == name)
        return json.loads(found.text)

    def numbers(self) -> list[tuple[str, str]]:
        """Return the path and the text of all that says where it is from."""
        tagged = [(e.attributes["data-at"], e.text) for tag in ("span", "time") for e in self.root.all(tag)
                  if "data-at" in e.attributes]  # fmt: skip
        return [(str(path), text) for path, text in tagged] + [
            pair for table in self.root.all("table") for pair in _cells(table)
        ]


def _cells(table: Element) -> list[tuple[str, str]]:
    fields = [head.attributes.get("data-field") for head in table.all("thead")[0].all("th")]
    found = []
    for body in table.all("tbody"):
        base, by = body.attributes.get("data-of"), body.attributes.get("data-by")
        for number, row in enumerate(body.all("tr") if base else []):
            cells = [part for part in row.inside if isinstance(part, Element)]
            for name, cell in zip(fields, cells, strict=True):
                middle = f"{number}.{name}" if by == "row" else f"{name}.{number}"
                found += [(f"{base}.{middle}", cell.text)] if name else []
    return found


def at(data: dict[str, Any], path: str) -> Any:
    """Return what is at a path: ``plan.operations.0.id``."""
    found: Any = data
    for step in path.split("."):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def says(text: str, exact: Any, path: str) -> bool:
    """Return whether a text says a value, to as many digits as it has."""
    if exact is None:
        return text in ("never", "queue", "not known", "")
    if TIMES.search(path):
        shown = datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=UTC)
        return 0 <= exact / 1000 - shown.timestamp() < 60
    found = NUMBER.match(text)
    assert found is not None, (path, text)
    digits, scale = len(found[1] or ""), 100 if found[2] else 1
    shown_number = float(found[0].rstrip("%").replace(",", ""))
    return bool(abs(exact * scale - shown_number) <= 0.5 * 10**-digits + 1e-9 * abs(exact * scale))
