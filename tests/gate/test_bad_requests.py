"""Whatever is sent: an answer in the platform's shape, never a 500, and nothing changed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from taskplan_sqlite.gate.app import MOST_BYTES
from taskplan_sqlite.gate.openapi import describe
from taskplan_sqlite.gate.routes import ALL
from taskplan_sqlite.gate.service import Gate
from tests.gate.conftest import World
from tests.gate.support import Client, everything
from tests.replay.support import dump

BAD: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/items/nope", None, 404, 'there is no item "nope"'),
    ("DELETE", "/items/nope", None, 400, '"nope" is no id of an item'),
    ("GET", "/datasets/nope", None, 404, 'there is no dataset "nope"'),
    ("GET", "/projects/nope", None, 404, 'there is no project "nope"'),
    ("GET", "/projects/nope/name", None, 404, 'there is no project "nope"'),
    ("DELETE", "/projects/nope", None, 404, 'there is no project "nope"'),
    ("GET", f"/annotationtasks/{'1' * 24}", None, 404, f'there is no task "{"1" * 24}"'),
    ("GET", "/annotations/nope", None, 400, 'there is no annotation "nope"'),
    ("DELETE", "/annotations/nope", None, 404, 'there is no annotation "nope"'),
    ("GET", "/ontologies/nope", None, 400, 'there is no ontology "nope"'),
    ("GET", "/assignments/nope", None, 404, 'there is no assignment "nope"'),
    ("GET", "/commands/nope", None, 404, 'there is no command "nope"'),
    ("POST", "/projects", {"name": "fruit"}, 400, 'there is a project "fruit" already'),
    ("POST", "/projects", {"name": "a/b"}, 400, '"a/b" cannot be the name of a project'),
    ("POST", "/projects", {}, 400, "name: a project needs one"),
    ("POST", "/ontologies", {"projectIds": ["nope"]}, 403, 'there is no project "nope"'),
    (
        "GET",
        "/datasets/{dataset}/items?pageSize=x",
        None,
        400,
        "pageSize: expected a whole number from 1, got 'x'",
    ),
    (
        "POST",
        "/datasets/{dataset}/query",
        {"filter": {"a": {"$gtt": 1}}},
        400,
        'filter.a.$gtt: unknown operator; did you mean "$gt"?',
    ),
    (
        "POST",
        "/datasets/{dataset}/query",
        {"filter": {}, "resource": "tasks"},
        400,
        'resource: expected "items", got "tasks"',
    ),
    (
        "POST",
        "/datasets",
        {"name": "apples", "projects": ["{project}"]},
        400,
        'there is a dataset "apples" in the project already',
    ),
    (
        "POST",
        "/datasets",
        {"name": 3, "projects": []},
        400,
        "the request cannot be read: Expected `str`, got `int` - at `$.name`",
    ),
    ("PATCH", "/items/{item}", [1], 400, "the request cannot be read: Expected `object`, got `array`"),
    ("PATCH", "/items/{item}", {"filename": "/a/../b"}, 400, '"/a/../b" is no path of an item'),
    (
        "POST",
        "/projects/{project}/members/x@y.z",
        {"role": "king"},
        400,
        'expected a role, one of owner, engineer, annotationManager, annotator, got "king"',
    ),
    ("DELETE", "/projects/{project}/members/x@y.z", None, 404, "x@y.z is no member of the project"),
]
TASKS: list[tuple[dict[str, Any], int, str]] = [
    ({"query": "{'filter': {}}"}, 400, "the query is not JSON: "),
    ({"query": "[]"}, 400, "the query is not an object"),
    ({"query": '{"filter": {"a": {"$x": 1}}}'}, 400, "filter.a.$x: unknown operator"),
    ({"workload": [{"assigneeId": "a@b.c", "load": 50}]}, 400, "the loads add up to 50, expected 100"),
    ({"datasetId": "nope"}, 404, 'there is no dataset "nope"'),
    ({"spec": {"type": "qa", "parentTaskId": "nope"}}, 404, 'there is no task "nope"'),
    ({"priority": 7}, 400, "the request cannot be read: Invalid enum value 7 - at `$.priority`"),
    ({"name": ""}, 400, "the request cannot be read: Expected `str` of length >= 1 - at `$.name`"),
    (
        {"metadata": {"system": {"batchSize": 10, "maxBatchWorkload": 7, "allowedAssignees": ["a@b.c"]}}},
        400,
        "expected a maximum batch workload of 12 to 20 for batches of 10, got 7",
    ),
    (
        {
            "metadata": {
                "system": {
                    "consensusTaskType": "consensus",
                    "consensusAssignees": 3,
                    "allowedAssignees": ["a@b.c"],
                }
            }
        },
        400,
        "expected 1 to 1 assignees an item, got 3",
    ),
    (
        {
            "metadata": {
                "system": {
                    "consensusTaskType": "honeypot",
                    "consensusPercentage": 50,
                    "allowedAssignees": ["a@b.c"],
                }
            }
        },
        400,
        "50 % of ground truth asks for 12 items of /honeypot, there are 0",
    ),
]


@pytest.mark.parametrize(("verb", "path", "body", "status", "message"), BAD)
def test_a_bad_request_is_told_and_changes_nothing(
    verb: str, path: str, body: Any, status: int, message: str, world: World, gate: Gate
) -> None:
    names = {"dataset": world.dataset, "project": world.project, "item": world.items[0]}
    sent = None if body is None else json.loads(json.dumps(body).replace("{project}", world.project))
    before = dump(gate.store.path)
    assert world.client.fails(verb, path.format(**names), sent, status=status) == message
    assert dump(gate.store.path) == before


@pytest.mark.parametrize(("change", "status", "message"), TASKS)
def test_a_bad_task_is_told_and_changes_nothing(
    change: dict[str, Any], status: int, message: str, world: World, gate: Gate
) -> None:
    body = {"name": "t", "datasetId": world.dataset, "query": everything(), **change}
    before = dump(gate.store.path)
    assert world.client.fails("POST", "/annotationtasks", body, status=status).startswith(message)
    assert dump(gate.store.path) == before


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFAYi5jIn0."])
def test_without_a_token_of_the_gate_there_is_nothing(token: str, gate: Gate) -> None:
    stranger = Client(gate, token)
    for verb, path in (
        ("GET", "/users/me"),
        ("GET", "/projects"),
        ("GET", "/nothing"),
        ("POST", "/datasets"),
    ):
        assert "token" in stranger.fails(verb, path, status=401)
    for path in ("/_taskplan/requests", "/_taskplan/snapshot"):
        assert stranger.send("GET", path, root=True).status == 401
    assert stranger.send("POST", "/_taskplan/reset", root=True).status == 401


def test_logging_in_takes_the_token_for_a_password(gate: Gate, client: Client) -> None:
    sent = {"username": "ann@example.com", "password": gate.token, "type": "user_credentials"}
    for path in ("/token", "/api/v1/token"):
        answer = client.send("POST", path, content=json.dumps(sent).encode(), root=True)
        again = Client(gate, answer.json["id_token"])
        assert again.ask("GET", "/users/me")["email"] == "ann@example.com"
        renewed = {"type": "refresh_token", "refresh_token": answer.json["refresh_token"]}
        assert client.send("POST", path, content=json.dumps(renewed).encode(), root=True).status == 200
    for wrong in (
        {**sent, "password": "x"},
        {"type": "refresh_token", "refresh_token": "x"},
        {"username": "ann"},
    ):
        assert client.send("POST", "/token", content=json.dumps(wrong).encode(), root=True).status == 401
    assert client.send("POST", "/token", content=b"{", root=True).status == 400
    remembered = json.dumps(list(gate.requests))
    assert gate.token not in remembered
    assert "id_token" not in remembered


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\\xff",
        b'{"name": "\\\\ud800"}',
        b"[" * 100_000,
        b'{"name": 1e999}',
        b"nul",
        b'{"name": ' + b"9" * 400 + b"}",
    ],
)
def test_malformed_bodies_are_400(content: bytes, client: Client) -> None:
    for path in ("/projects", "/datasets", "/annotationtasks", "/recipes"):
        answer = client.send("POST", path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status == 400
        assert answer.message


def test_a_huge_body_is_413(client: Client) -> None:
    answer = client.send(
        "POST", "/projects", content=b" " * (MOST_BYTES + 1), headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.message) == (413, f"the body is larger than {MOST_BYTES:,} bytes")


def test_random_requests_find_no_500(gate: Gate, world: World) -> None:
    """Every operation with random bodies and queries that fit its description, at addresses that exist."""
    document = describe(ALL, gate.url)
    real = known_ids(world)
    for path, verbs in document["paths"].items():
        for operation in verbs.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and (path, parameter["name"]) in real:
                    known = {"enum": [real[path, parameter["name"]]]}
                    parameter["schema"] = {"anyOf": [known, known, {"type": "string", "minLength": 1}]}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=gate.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == len(ALL)
    # What deletes comes last, for the others need what there is.
    for operation in sorted(operations, key=lambda found: found.method == "delete"):
        try_out(operation, gate)
    assert {entry["status"] for entry in gate.requests} >= {200, 400, 404}
    assert sum(entry["status"] == 200 for entry in gate.requests) > 150


def known_ids(world: World) -> dict[tuple[str, str], str]:
    """Return a real id for each place of an address."""
    task = world.task()
    made = world.client.ask("POST", f"/items/{world.items[0]}/annotations", [{"label": "a", "type": "box"}])
    by_start = {
        "/projects": world.project,
        "/datasets": world.dataset,
        "/items": world.items[0],
        "/annotations": made[0]["id"],
        "/annotationtasks": task["id"],
        "/tasks": task["id"],
        "/assignments": task["assignmentIds"][0],
        "/recipes": world.recipe,
        "/commands": world.client.ask("GET", "/commands")[0]["id"],
    }
    by_name = {
        "projectId": world.project,
        "datasetId": world.dataset,
        "itemId": world.items[0],
        "taskId": task["id"],
        "userId": "ann@example.com",
        "projectName": "fruit",
    }
    found = {}
    for route in ALL:
        start = "/" + route.path.split("/")[1]
        for name in re.findall(r"{([^}]*)}", route.path):
            if name in by_name:
                found[route.path, name] = by_name[name]
            elif start in by_start:
                found[route.path, name] = world.items[0] if "/items/{id}" in route.path else by_start[start]
    return found


def try_out(operation: Any, gate: Gate) -> None:
    headers = {"Authorization": f"Bearer {gate.token}"}

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=(not_a_server_error,))

    attempt()


@pytest.mark.parametrize(
    "change",
    [
        {"dueDate": 1e300},
        {"dueDate": -1e18},
        {"limit": 0.5},
        {"metadata": {"system": 5}},
        {"metadata": {"system": [1]}},
        {"metadata": {"system": {"allowedAssignees": "abc", "batchSize": 3, "maxBatchWorkload": 5}}},
        {"name": "a\0b"},
        {"recipeId": "nope"},
        {"query": '{"filter": 5}'},
        {"query": '{"filter": {}, "resource": "tasks"}'},
        {"workload": [{"assigneeId": "nobody", "load": 100}]},
        {"taskOwner": "\n"},
        {"emptyTask": True},
    ],
    ids=str,
)
def test_a_task_that_cannot_be_is_refused_whole(change: dict[str, Any], world: World, gate: Gate) -> None:
    body = {
        "name": "label",
        "datasetId": world.dataset,
        "query": everything(),
        "workload": [{"assigneeId": "ann@example.com", "load": 100}],
    }
    before = dump(gate.store.path)
    found = world.client.send("POST", "/tasks", content=json.dumps({**body, **change}).encode())
    assert found.status in (400, 404, 501), found.content
    assert found.message
    assert dump(gate.store.path) == before


def test_a_dataset_stays_readable_whatever_is_written_into_its_metadata(world: World) -> None:
    for system in (5, [1], "x", {"recipes": 5}, {"recipes": [{"a": 1}]}):
        content = json.dumps({"metadata": {"system": system}}).encode()
        assert (
            world.client.send("PATCH", f"/datasets/{world.dataset}?system=true", content=content).status
            == 400
        )
        sent = {"name": "new", "projects": [world.project], "metadata": {"system": system}}
        assert world.client.send("POST", "/datasets", content=json.dumps(sent).encode()).status == 400
    assert world.client.ask("GET", f"/datasets/{world.dataset}")["id"] == world.dataset


def test_what_looks_like_a_token_is_in_no_record_and_no_message(world: World, gate: Gate) -> None:
    client, token = world.client, gate.token
    for path in (f"/tasks/{token}", f"/nothing/{token}", f"/tasks?name={token}"):
        assert token.encode() not in client.send("GET", path).content
    client.send("POST", "/users/me", content=json.dumps({"password": token}).encode())
    asked = client.send("GET", "/_taskplan/requests", root=True).content
    assert token.encode() not in asked
    assert token.encode() not in client.send("GET", "/_taskplan/overview", root=True).content


def test_only_a_loopback_name_is_answered(client: Client) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        assert client.send("GET", "/projects", headers={"Host": host}).status == 403
    assert client.send("GET", "/projects", headers={"Host": "localhost:1"}).status == 200


def test_a_login_that_is_no_text_is_refused(client: Client) -> None:
    assert client.send("POST", "/token", content=b'{"username": "\xff"}', root=True).status == 400


def test_a_mimetype_cannot_write_headers(world: World) -> None:
    item = world.items[0]
    change = {"metadata": {"system": {"mimetype": "text/plain\r\nX-Evil: 1"}}}
    assert (
        world.client.send("PATCH", f"/items/{item}?system=true", content=json.dumps(change).encode()).status
        == 200
    )
    found = world.client.send("GET", f"/items/{item}/stream")
    assert (found.status, found.headers["content-type"]) == (200, "application/octet-stream")


def test_who_leaves_with_all_done_is_done(world: World) -> None:
    task = world.task()
    first = world.of(task["id"])[0]
    mine = [item for item in world.items if first["id"] in str(world.system(item)["refs"])][:2]
    body = {"itemIds": mine, "statusPayload": {"operation": "create", "status": "completed"}}
    world.client.ask("POST", f"/assignments/items/tasks/{task['id']}/status", body)
    leaving = {"action": "remove", "assignees": [first["annotator"]]}
    world.client.ask("POST", f"/annotationtasks/{task['id']}/contributors", leaving)
    assert {a["id"]: a["status"] for a in world.of(task["id"])}[first["id"]] == "done"
