"""Words for people, whether they read a terminal or a page."""

from __future__ import annotations

# A name may hold anything, but a terminal must not obey it, nor may it look like a line of ours.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {9: "\\t", 10: "\\n"}
# Line ends of Unicode, and what turns the direction of writing.
UNICODE_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x2028, 0x202F), *range(0x2066, 0x206A))}
_CONTROLS |= UNICODE_CONTROLS


def clean(text: str) -> str:
    """Return a text whose control characters are written out."""
    return text.translate(_CONTROLS)


def plural(count: int, noun: str) -> str:
    """Return ``1 item`` or ``1,200 items``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
