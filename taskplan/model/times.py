"""Times as the platform counts them, in words and back."""

from __future__ import annotations

from datetime import UTC, datetime

EXAMPLE = "a date such as 2029-01-01 or 2029-01-01T18:00+02:00"


def moment(milliseconds: float | None) -> str:
    """Return a time (milliseconds since 1970) for people, in UTC, which is said; no clock at midnight."""
    if milliseconds is None:
        return "none"
    text = datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return text.removesuffix(" 00:00 UTC")


def read_moment(text: str) -> float:
    """Return milliseconds since 1970; a date, and a time without an offset, are taken as UTC.

    ValueError where it is neither.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        # A time in a zone of its own may lie before the year 1, or after 9999.
        found = found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"too far away: {text}") from error
    return round(found.timestamp() * 1000, 3)
