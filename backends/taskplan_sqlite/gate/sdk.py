"""The SDK pointed at a gate, within this process, and back again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskplan.sdk import import_sdk

ALIAS = "taskplan"
LOGINS = ("login", "login_m2m", "login_secret", "login_api_key", "login_token", "logout")
_STATE = ("cookie_io", "_environments", "_environment", "_token")


def point_at(dl: Any, url: str, token: str) -> None:
    """Make a gate the SDK's environment, logged in."""
    dl.client_api.add_environment(environment=url, gate_url=url, alias=ALIAS, token=token)
    dl.client_api.setenv(url)


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
