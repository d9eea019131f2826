"""The SDK's client, in a state of its own: what may be sent again is, what may not is never.

A request that only reads is repeated, whatever went wrong. One that writes is
repeated only where it surely did not take effect: the connection was refused, or
the answer was 429. Anything else leaves open whether the platform has acted, and
is told as `Unclear`, so that the caller looks before it sends anything again.
(The SDK itself re-sends a POST up to five times after a 502.)
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from taskplan.errors import BackendError, InputError, MissingExtraError, NotFoundError
from taskplan.sdk import import_sdk

READ_TRIES = 8
"""A request that reads is sent at most so many times."""
CONNECT_TRIES = 5
"""So often a connection is tried again, for about eight seconds."""
MOST_PAUSE = 20.0
"""Seconds between two tries, at most; the pauses double from a quarter of a second and have jitter."""
POOL = 16
_SURELY_NOT_DONE = frozenset({429})
_WORTH_ANOTHER_READ = frozenset({408, 429, 500, 502, 503, 504})
_OTHER_5XX = 500


class Unclear(BackendError):  # noqa: N818 - a state, not a fault
    """A request may have taken effect or not; only looking tells."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the platform is and how it is spoken to. `timeout` seconds for one answer."""

    url: str
    token: str
    timeout: float = 120.0


class Client:
    """Sends requests through the SDK's own client; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="taskplan-sdk-"))
        try:
            self._api = _isolated(_sdk(self._folder), self._folder, settings)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        """The address of the platform's API."""
        return self._settings.url

    def close(self) -> None:
        """End the connections and remove what the SDK kept."""
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self, verb: str, path: str, body: Any = None) -> Any:
        """Send what changes nothing, as often as it takes; BackendError in the end, NotFoundError for 404."""
        return self._send(verb, path, body, writes=False)

    def write(self, verb: str, path: str, body: Any = None) -> Any:
        """Send what changes something, once; Unclear where it may have taken effect."""
        return self._send(verb, path, body, writes=True)

    def _send(self, verb: str, path: str, body: Any, *, writes: bool) -> Any:
        import requests

        told = f"{verb} {path.partition('?')[0]}"
        try:
            ok, answer = self._api.ask(verb, path, body, writes=writes)
            content = answer.content
        except requests.exceptions.ConnectTimeout as error:
            raise BackendError(f"{self._where()} does not answer", retryable=True) from error
        except requests.exceptions.ConnectionError as error:
            if _refused(error):
                raise BackendError(f"{self._where()} does not answer", retryable=True) from error
            raise self._lost(told, writes) from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._lost(told, writes) from error
        except self._api.failures as error:
            raise BackendError(self._clean(f"{told}: {_message_of(error)}; {_LOGIN}")) from error
        if not ok:
            raise self._failure(told, answer, writes)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._lost(told, writes) from error

    def _failure(self, told: str, answer: Any, writes: bool) -> BackendError | NotFoundError:
        try:
            said = str(msgspec.json.decode(answer.content).get("message"))
        except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
            said = answer.reason or "no reason given"
        words = self._clean(f"{told}: {answer.status_code}: {said}")
        if answer.status_code == 404:
            return NotFoundError(words)
        if answer.status_code in (401, 403):
            return BackendError(f"{words}; {_LOGIN}")
        if writes and (answer.status_code >= _OTHER_5XX or answer.status_code == 408):
            return Unclear(words, retryable=True)
        return BackendError(words, retryable=answer.status_code in _WORTH_ANOTHER_READ)

    def _lost(self, told: str, writes: bool) -> BackendError:
        words = f"{told}: the connection to {self._where()} was lost before the answer was whole"
        return (Unclear if writes else BackendError)(words, retryable=True)

    def _where(self) -> str:
        return urlsplit(self._settings.url).netloc

    def _clean(self, words: str) -> str:
        return words.replace(self._settings.token, "…")


_LOGIN = "is the token still good? It comes from the SDK's login, TASKPLAN_TOKEN or --token-file"


def _refused(error: BaseException | None) -> bool:
    """Tell whether nothing was sent, for there was no connection to send it on."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    reason = error.args[0] if error is not None and error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _message_of(error: BaseException) -> str:
    return str(getattr(error, "message", error)).partition("\n")[0]


def _sdk(folder: Path) -> Any:
    try:
        return import_sdk(folder)
    except InputError as error:
        raise MissingExtraError('the backend "dataloop"', "dataloop") from error


def _isolated(dl: Any, folder: Path, settings: Settings) -> Any:
    """Return a client of the SDK that shares no state with any other, and leaves none behind."""
    import requests
    from dtlpy.exceptions import ExceptionMain
    from dtlpy.services.api_client import ApiClient
    from dtlpy.services.cookie import CookieIO
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    logging.getLogger("dtlpy").setLevel(logging.CRITICAL)

    class WriteRetry(Retry):
        # A 503 with Retry-After may come after the platform has acted.
        RETRY_AFTER_STATUS_CODES = _SURELY_NOT_DONE

    pauses: Mapping[str, Any] = {
        "backoff_factor": 0.25,
        "backoff_max": MOST_PAUSE,
        "backoff_jitter": 0.25,
        "raise_on_status": False,
        "allowed_methods": None,
        "respect_retry_after_header": True,
    }
    reading = Retry(total=READ_TRIES, connect=CONNECT_TRIES, status_forcelist=_WORTH_ANOTHER_READ, **pauses)
    writing = WriteRetry(
        total=None,
        connect=CONNECT_TRIES,
        status=READ_TRIES,
        read=0,
        other=0,
        redirect=0,
        status_forcelist=_SURELY_NOT_DONE,
        **pauses,
    )

    class InMemory(CookieIO):  # type: ignore[misc]
        def __init__(self, path: str) -> None:
            super().__init__(path, create=False)
            self._state: dict[str, Any] = {}

        def read_json(self, create: bool = False) -> dict[str, Any]:
            return self._state

        def put(self, key: str, value: Any) -> None:
            self._state[key] = value

        def reset(self) -> None:
            self._state.clear()

    class Api(ApiClient):  # type: ignore[misc]
        failures = (ExceptionMain,)

        def __init__(self) -> None:
            super().__init__(cookie_filepath=str(folder / "cookie.json"))
            # From here on it holds a token, which is to be in no file.
            self.cookie_io: Any = InMemory(str(folder / "cookie.json"))
            self._kinds = threading.local()
            self._sessions = {False: _session(reading), True: _session(writing)}
            self.add_environment(settings.url, gate_url=settings.url, token=settings.token)
            self._environment = settings.url

        def ask(self, verb: str, path: str, body: Any, *, writes: bool) -> tuple[bool, Any]:
            self._kinds.writes = writes
            return self.gen_request(verb, path, json_req=body, log_error=False)  # type: ignore[no-any-return]

        def send_session(self, prepared: Any, stream: bool | None = None) -> Any:
            session = self._sessions[self._kinds.writes]
            return session.send(prepared, stream=stream, verify=self.verify, timeout=settings.timeout)

        def close(self) -> None:
            for session in self._sessions.values():
                session.close()

    def _session(retry: Retry) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry, pool_connections=POOL, pool_maxsize=POOL))
        return session

    return Api()
