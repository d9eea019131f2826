"""Ids of new things: 24 hexadecimal digits that grow with time, as the platform's do."""

from __future__ import annotations

import itertools
import secrets

_PROCESS = secrets.token_hex(5)
_COUNTER = itertools.count(secrets.randbelow(2**20))


def new_id(now: float) -> str:
    """Return a new id; `now` is in milliseconds since 1970. Later ids sort after earlier ones."""
    return f"{int(now / 1000) & 0xFFFFFFFF:08x}{_PROCESS}{next(_COUNTER) & 0xFFFFFF:06x}"
