"""Tokens of a gate: signed with a secret of its own, so that no other gate takes them."""

from __future__ import annotations

import re
import secrets
import time

import jwt

from taskplan_sqlite.gate.errors import GateError

DAY = 86_400
_LIKE_A_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_ALGORITHM = "HS256"


def redacted(text: str) -> str:
    """Return a text without anything that looks like a token, whosever it is."""
    return _LIKE_A_TOKEN.sub("…", text)


class Tokens:
    """Makes and checks tokens; the SDK reads ``email`` and ``exp`` out of them without checking."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def make(self, email: str) -> str:
        """Return a token for an address, good for ten days."""
        now = int(time.time())
        claims = {"email": email.lower(), "iat": now, "exp": now + 10 * DAY, "jti": secrets.token_hex(8)}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def user_of(self, header: str | None) -> str:
        """Return the address that an ``Authorization`` header speaks for; GateError 401 for any other."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise GateError(401, "a token is needed: Authorization: Bearer …")
        return self.check(token)

    def check(self, token: str) -> str:
        """Return the address of a token of this gate; GateError 401 for any other."""
        try:
            claims = jwt.decode(token.strip(), self._secret, algorithms=[_ALGORITHM])
        except jwt.ExpiredSignatureError as error:
            raise GateError(401, "the token has expired") from error
        except jwt.InvalidTokenError as error:
            raise GateError(401, "the token is not one of this gate") from error
        return str(claims["email"])
