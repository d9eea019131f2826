"""Where the token comes from: an environment variable, a file, or the SDK's own login. Never an argument."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from taskplan.errors import InputError
from taskplan_dataloop.client import Settings

TOKEN_VARIABLE = "TASKPLAN_TOKEN"
URL_VARIABLE = "TASKPLAN_GATE_URL"
PLATFORM = "https://gate.dataloop.ai/api/v1"


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Return where to connect and with which token; InputError where there is none."""
    given = options.get("gate_url") or os.environ.get(URL_VARIABLE)
    state = _sdk_state()
    url = str(given or state.get("url") or PLATFORM).rstrip("/")
    if not _is_address(url):
        raise InputError(f'expected an address such as {PLATFORM}, got "{url}"', source="--gate-url")
    token = _token(options, state, url)
    return Settings(url, token, float(options.get("timeout") or 120.0))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _token(options: Mapping[str, Any], state: Mapping[str, Any], url: str) -> str:
    file = options.get("token_file")
    if file is not None:
        try:
            token = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is no text"
            raise InputError(f"the token cannot be read: {reason}", source=str(file)) from error
        where = str(file)
    elif os.environ.get(TOKEN_VARIABLE):
        token, where = os.environ[TOKEN_VARIABLE].strip(), TOKEN_VARIABLE
    else:
        environments = state.get("environments") or {}
        token = str((environments.get(url) or {}).get("token") or "")
        where = "the SDK's login"
    if not token:
        raise InputError(
            f"there is no token for {url}",
            hint=f"log in with the SDK (`dlp login`), set {TOKEN_VARIABLE}, or name a file with --token-file",
        )
    if token.count(".") != 2 or not token.isascii() or any(sign.isspace() for sign in token):
        # The token itself is not shown: it may be right but for a letter.
        raise InputError("what it holds is no token of the platform", source=where)
    return token


def _sdk_state() -> Mapping[str, Any]:
    """Return the SDK's saved state without the SDK, which would write to it."""
    folder = Path(os.environ.get("DATALOOP_PATH") or Path.home() / ".dataloop")
    try:
        found = json.loads((folder / "cookie.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
