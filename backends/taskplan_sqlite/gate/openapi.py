"""The gate's own description of its API, made from its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from taskplan import __version__
from taskplan_sqlite.gate.routing import Route

_JSON = "application/json"
_ERRORS = {
    "400": "the request is wrong",
    "401": "no token of this gate",
    "404": "not there",
    "409": "there already",
    "413": "too large",
    "503": "another process is writing to the store; ask again",
}


def describe(routes: Iterable[Route], server: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of some routes, served at an address."""
    listed = list(routes)
    bodies = [route.body for route in listed if route.body is not None]
    schemas, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    by_route = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        schema = next(by_route) if route.body is not None else None
        paths.setdefault(route.path, {})[route.verb.lower()] = _operation(route, schema)
    return {
        "openapi": "3.1.0",
        "info": {"title": "taskplan gate", "version": __version__},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {
                **components,
                "Error": {
                    "type": "object",
                    "required": ["message", "statusCode"],
                    "properties": {"message": {"type": "string"}, "statusCode": {"type": "integer"}},
                },
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema: Any) -> dict[str, Any]:
    text = {"type": "string"}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in re.findall(r"{([^}]*)}", route.path)
    ]
    parameters += [{"name": name, "in": "query", "schema": text} for name in route.query]
    answer: dict[str, Any] = {"description": route.summary}
    if route.status != 204:
        answer["content"] = {_JSON: {}}
    errors = {
        status: {"description": words, "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
        for status, words in _ERRORS.items()
    }
    found: dict[str, Any] = {
        "summary": route.summary,
        "parameters": parameters,
        "responses": {str(route.status): answer, **errors},
    }
    content = {}
    if schema is not None:
        content[_JSON] = {"schema": schema}
    if route.form:
        fields = dict.fromkeys(route.form, text) | {"file": {"type": "string", "format": "binary"}}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": fields}}
    if content:
        found["requestBody"] = {"content": content}
    return found
