"""Globs as the platform has them: ``*`` (and ``**``) stands for any text, slashes included."""

from __future__ import annotations


def glob_match(pattern: str, text: str) -> bool:
    """Tell if `text` matches `pattern` as a whole.

    Takes each literal part at its first place after the one before: with ``*``
    as the only wildcard the leftmost fit is always as good as any, so nothing
    is ever tried again and the time stays linear in the text for each part.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    last = rest.pop()
    end = len(text) - len(last)
    position = len(first)
    if end < position or not text.startswith(first) or not text.endswith(last):
        return False
    for part in rest:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
