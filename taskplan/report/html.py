"""Markup, in which text is escaped wherever it is put in."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from taskplan.text import UNICODE_CONTROLS, clean


class Html(str):
    """Markup that is ready; any other string is text."""

    __slots__ = ()


Content = str | None
"""What may be put into an element: `Html` as it is, text escaped, None not at all."""
# Inside of a script element `<` could end it; the others end or turn round lines of the source.
_IN_SCRIPTS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"} | UNICODE_CONTROLS
_EMPTY = frozenset({"meta", "link", "br", "col"})


def text(content: Content) -> Html:
    """Return content as markup; control characters of text are written out."""
    if content is None:
        return Html("")
    return content if isinstance(content, Html) else Html(escape(clean(content)))


def join(*contents: Content, between: str = "") -> Html:
    """Return contents one after the other."""
    return Html(str(text(between)).join(text(content) for content in contents if content is not None))


def element(tag: str, /, *contents: Content, **attributes: str | int | float | bool | None) -> Html:
    """Return an element. Of an attribute's name, a last ``_`` is dropped and the others become ``-``.

    An attribute of None or False is left out, of True it has no value.
    """
    said = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = name.removesuffix("_").replace("_", "-")
        said.append(f" {written}" if value is True else f' {written}="{escape(clean(str(value)))}"')
    opening = f"<{tag}{''.join(said)}>"
    return Html(opening if tag in _EMPTY else f"{opening}{join(*contents)}</{tag}>")


def name(who: str | None, otherwise: str = "nobody") -> Html:
    """Return a name that somebody chose, which cannot turn the direction of what stands beside it."""
    return element("bdi", who) if who is not None else element("span", otherwise, class_="quiet")


def data(identity: str | None, value: Any) -> Html:
    """Return plain data as JSON in a script element, which nothing runs."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return element("script", Html(written.translate(_IN_SCRIPTS)), type="application/json", id=identity)
