"""Who asks, and keys for it."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.routing import Call, Routes
from taskplan_sqlite.gate.service import Gate

routes = Routes()


class Login(msgspec.Struct):
    """What the SDK sends to log in, or for a new token in the place of one that ends."""

    type: str = "user_credentials"
    username: str | None = None
    password: str | None = None
    refresh_token: str | None = None


class ApiKey(msgspec.Struct, rename="camel"):
    """For whom a key is asked."""

    user_id: str | None = None
    description: str | None = None


@routes("GET", "/users/me")
def get_me(gate: Gate, call: Call) -> Any:
    """Who the token speaks for."""
    return wire.user(call.user)


@routes("POST", "/users/me", body=dict[str, Any])
def update_me(gate: Gate, call: Call) -> Any:
    """Change one's details: a gate keeps none, so that nothing changes."""
    return wire.user(call.user)


@routes("GET", "/users/{userId}")
def get_user(gate: Gate, call: Call) -> Any:
    """A user, by address."""
    if "@" not in call.path["userId"]:
        raise GateError(404, f'there is no user "{call.path["userId"]}"')
    return wire.user(call.path["userId"].lower())


@routes("POST", "/apiKeys", body=ApiKey)
def create_api_key(gate: Gate, call: Call) -> Any:
    """A key for whoever asks."""
    return wire.api_key(gate, call.user)


def login(gate: Gate, sent: Login) -> dict[str, Any]:
    """Answer a login: the password is the gate's own token."""
    if sent.type == "refresh_token":
        email = gate.tokens.check(sent.refresh_token or "")
    else:
        email = (sent.username or "").lower()
        if "@" not in email:
            raise GateError(401, "the username is no e-mail address")
        if sent.password != gate.token:
            raise GateError(401, "the password of this gate is its token")
    token = gate.tokens.make(email)
    return {"id_token": token, "refresh_token": token}
