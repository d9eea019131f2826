"""Times as the platform counts them, in words."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(milliseconds: float | None) -> str:
    """Return a time (milliseconds since 1970) for people, in UTC, which is said; no clock at midnight."""
    if milliseconds is None:
        return "none"
    text = datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return text.removesuffix(" 00:00 UTC")
