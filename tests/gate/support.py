"""A small client of a gate: plain HTTP, every answer held against the platform's own description."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jsonschema

from taskplan_sqlite.gate.service import Gate

SLICE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "gate-slice.json"


class Described:
    """The platform's description, as far as it is at hand."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        if SLICE.is_file():
            self.document = _with_null(json.loads(SLICE.read_text("utf-8")))

    def schema(self, verb: str, path: str, status: int) -> Any:
        """Return the schema of an answer, None where nothing is described."""
        for template, verbs in self.document.get("paths", {}).items():
            pattern = "[^/]+".join(map(re.escape, re.split(r"{[^}]*}", template)))
            if re.fullmatch(pattern, path) and verb.lower() in verbs:
                content = verbs[verb.lower()]["responses"].get(str(status), {}).get("content", {})
                return content.get("application/json", {}).get("schema")
        return None

    def check(self, verb: str, path: str, status: int, body: Any) -> bool:
        """Validate an answer; tells whether there was a schema to hold it against."""
        schema = self.schema(verb, path, status)
        if not schema:
            return False
        root = {"components": self.document["components"], "allOf": [schema]}
        fault = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(root).iter_errors(body))
        if fault is not None:
            raise AssertionError(f"{verb} {path}: {fault.json_path}: {fault.message}")
        return True


def _with_null(value: Any) -> Any:
    """Write OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(value, list):
        return [_with_null(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    found = {name: _with_null(entry) for name, entry in value.items() if name != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if value.get("nullable") is True else found


DESCRIBED = Described()


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def message(self) -> str:
        found = self.json
        assert set(found) == {"message", "statusCode"}
        assert found["statusCode"] == self.status
        return str(found["message"])


class Client:
    """Speaks to a gate with its token; `seen` collects the operations whose answers were validated."""

    def __init__(self, gate: Gate, token: str | None = None) -> None:
        self.base = urlsplit(gate.url)
        self.token = gate.token if token is None else token
        self.seen: set[tuple[str, str]] = set()

    def send(
        self,
        verb: str,
        path: str,
        *,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        root: bool = False,
    ) -> Answer:
        assert self.base.hostname
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=30)
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        try:
            connection.request(
                verb, ("" if root else self.base.path) + path, body=content or None, headers=sent
            )
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def ask(self, verb: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        """Send JSON, expect a status, validate the answer and return it."""
        content = b"" if body is None else json.dumps(body).encode()
        where = f"{path}?{urlencode(query)}" if query else path
        answer = self.send(verb, where, content=content, headers={"Content-Type": "application/json"})
        assert answer.status == status, (verb, path, answer.status, answer.content[:500])
        if status == 204:
            assert answer.content == b""
            return None
        if status >= 400:
            return answer.message
        if DESCRIBED.check(verb, path, status, answer.json):
            self.seen.add((verb, path))
        return answer.json

    def fails(self, verb: str, path: str, body: Any = None, *, status: int = 400) -> str:
        """Send JSON, expect an error in the platform's shape, and return its message."""
        return str(self.ask(verb, path, body, status=status))

    def upload(
        self,
        dataset: str,
        path: str,
        content: bytes = b"x",
        *,
        mode: str = "skip",
        status: int = 200,
        **fields: str,
    ) -> Any:
        """Upload a file as the SDK does."""
        boundary = uuid.uuid4().hex
        start = f"--{boundary}\r\nContent-Disposition: form-data"
        parts = [
            f'{start}; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {"type": "file", "path": path, **fields}.items()
        ]
        parts.append(f'{start}; name="file"; filename="f"\r\n\r\n'.encode())
        parts.append(content + f"\r\n--{boundary}--\r\n".encode())
        answer = self.send(
            "POST",
            f"/datasets/{dataset}/items?mode={mode}",
            content=b"".join(parts),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        assert answer.status == status, answer.content
        if status >= 400:
            return answer.message
        DESCRIBED.check("POST", f"/datasets/{dataset}/items", status, answer.json)
        return {**answer.json, "operation": answer.headers.get("x-item-op")}


def everything(**filters: Any) -> str:
    """Return a task's query as JSON text, as the SDK sends it."""
    clauses = [{name: value} for name, value in ({"hidden": False, "type": "file"} | filters).items()]
    return json.dumps({"filter": {"$and": clauses}, "page": 0, "pageSize": 1000, "resource": "items"})
