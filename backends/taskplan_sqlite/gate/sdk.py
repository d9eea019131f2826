"""The SDK pointed at a gate, within this process, and back again afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskplan.errors import InputError

ALIAS = "taskplan"
LOGINS = ("login", "login_m2m", "login_secret", "login_api_key", "login_token", "logout")
_STATE = ("cookie_io", "_environments", "_environment", "_token")


def point_at(dl: Any, url: str, token: str) -> None:
    """Make a gate the SDK's environment, logged in."""
    dl.client_api.add_environment(environment=url, gate_url=url, alias=ALIAS, token=token)
    dl.client_api.setenv(url)


def import_sdk(home: Path) -> Any:
    """Import the SDK; a first import keeps its state in `home`. InputError where it is not installed."""
    first = "dtlpy" not in sys.modules
    before = os.environ.get("DATALOOP_PATH")
    if first:
        os.environ["DATALOOP_PATH"] = str(home)
    try:
        import dtlpy
    except ImportError as error:
        raise InputError("the SDK is not installed here", hint="pip install dtlpy") from error
    finally:
        if first and before is None:
            del os.environ["DATALOOP_PATH"]
        elif first and before is not None:
            os.environ["DATALOOP_PATH"] = before
    return dtlpy


@contextmanager
def pointed_at(url: str, token: str, home: Path) -> Iterator[Any]:
    """Give the SDK with a gate as its environment; afterwards its own state is as before.

    Its tokens and environments are kept in the folder `home` meanwhile, so that
    the user's own are neither read nor written.
    """
    dl = import_sdk(home)
    from dtlpy.services.cookie import CookieIO

    client = dl.client_api
    before = {name: getattr(client, name) for name in _STATE}
    client.cookie_io = CookieIO(str(home / "cookie.json"))
    client._environments = {}
    client._environment = client._token = None
    _forget_address(client)
    try:
        point_at(dl, url, token)
        yield dl
    finally:
        for name, value in before.items():
            setattr(client, name, value)
        _forget_address(client)


def _forget_address(client: Any) -> None:
    # The address that requests go to is derived once and kept under a private name.
    client._ApiClient__gate_url_for_requests = None
