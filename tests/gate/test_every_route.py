"""Every operation once, its answer held against the platform's description where that is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from taskplan_sqlite.gate.coverage import coverage_page
from taskplan_sqlite.gate.routes import ALL
from taskplan_sqlite.gate.service import Gate
from tests.gate.conftest import World
from tests.gate.support import DESCRIBED, Client, everything

BOX = {
    "label": "apple",
    "type": "box",
    "coordinates": [{"x": 1, "y": 1}, {"x": 5, "y": 5}],
    "metadata": {"system": {"automated": False}},
    "attributes": [],
    "source": "sdk",
}


def test_every_operation_answers(world: World, gate: Gate) -> None:
    exercise(world)
    asked = {(entry["method"], entry["path"].removeprefix("/api/v1")) for entry in gate.requests}
    missed = [
        f"{route.verb} {route.path}"
        for route in ALL
        if not any(verb == route.verb and fits(route.path, path) for verb, path in asked)
    ]
    assert missed == []
    assert all(entry["status"] < 400 for entry in gate.requests)


def test_every_answer_that_the_platform_describes_was_held_against_it(world: World, shared: Path) -> None:
    exercise(world)
    client = world.client
    described = {
        f"{route.verb} {route.path}"
        for route in ALL
        if DESCRIBED.schema(route.verb, re.sub(r"{[^}]*}", "x", route.path), 200)
    }
    validated = {
        f"{route.verb} {route.path}"
        for route in ALL
        if any(verb == route.verb and fits(route.path, path) for verb, path in client.seen)
    }
    assert described - validated == {"POST /datasets/{datasetId}/items"}
    assert len(validated) > 60


def fits(template: str, path: str) -> bool:
    return re.fullmatch("[^/]+".join(map(re.escape, re.split(r"{[^}]*}", template))), path) is not None


def exercise(world: World) -> None:
    ask, project, dataset, items = world.client.ask, world.project, world.dataset, world.items
    ask("GET", "/users/me")
    ask("POST", "/users/me", {})
    ask("GET", "/users/ann@example.com")
    ask("POST", "/apiKeys", {"userId": "lead@example.com"})

    ask("GET", "/projects")
    ask("GET", f"/projects/{project}")
    ask("GET", "/projects/fruit/name")
    ask("PATCH", f"/projects/{project}", {"name": "fruits"})
    ask("POST", f"/projects/{project}/members", {"users": ["cat@example.com"], "role": "annotator"})
    ask("POST", f"/projects/{project}/members/ann@example.com", {"role": "annotator"})
    ask("PATCH", f"/projects/{project}/members/ann@example.com", {"role": "engineer"})
    ask("GET", f"/projects/{project}/members")
    ask("DELETE", f"/projects/{project}/members/cat@example.com")

    ask("GET", "/datasets", projects=project)
    ask("GET", f"/datasets/{dataset}")
    ask("PATCH", f"/datasets/{dataset}", {"name": "apples", "metadata": {"user": {"a": 1}}})
    ask(
        "POST",
        "/datasets/query",
        {"filter": {"$and": [{"name": "apples"}]}, "context": {"projects": [project]}},
    )
    ask("GET", f"/datasets/{dataset}/directoryTree")

    recipe = ask("POST", "/recipes", {"title": "r", "projectIds": [project], "ontologyIds": []})["id"]
    ask("GET", "/recipes", projects=project, pageOffset=0, pageSize=10)
    ask("GET", f"/recipes/{recipe}")
    ask("PATCH", f"/recipes/{recipe}", {"title": "again"})
    copy = ask("POST", f"/recipes/{recipe}/clone", {"shallow": True})["id"]
    ask("DELETE", f"/recipes/{copy}", status=204)
    ontology = ask("POST", "/ontologies", {"title": "o", "projectIds": [project], "roots": []})["id"]
    ask("GET", "/ontologies", projects=project)
    ask("GET", f"/ontologies/{ontology}")
    ask("PUT", f"/ontologies/{ontology}", {"title": "again"})
    ask("DELETE", f"/ontologies/{ontology}", status=204)

    ask("GET", f"/datasets/{dataset}/items", pageSize=5)
    ask("POST", f"/datasets/{dataset}/query", {"filter": {}, "resource": "items"})
    seen = {"filter": {"$and": [{"dir": "/test"}]}, "update": {"metadata": {"user": {"seen": 1}}}}
    assert ask("POST", f"/datasets/{dataset}/query", seen)["totalItemsCount"] == 3
    gone = {"filter": {"$and": [{"name": "10.jpg"}]}, "delete": True}
    assert ask("POST", f"/datasets/{dataset}/query", gone)["totalItemsCount"] == 1
    for path in (f"/items/{items[0]}", f"/datasets/{dataset}/items/{items[0]}"):
        ask("GET", path)
        ask("PATCH", path, {"metadata": {"user": {"score": 1}}})
    assert world.client.send("GET", f"/items/{items[2]}/stream").content == b"\x02"
    folder = make_folder(world, "/done")
    ask("PUT", f"/datasets/{dataset}/items/{folder}", [items[0]])
    clone = {"targetDatasetId": dataset, "remoteFileName": "/copy.jpg", "cloneDatasetParams": {}}
    copied = ask("POST", f"/items/{items[1]}/clone", clone)["spec"]["returnedModelId"][0]
    ask("DELETE", f"/items/{copied}", status=204)
    ask("DELETE", f"/datasets/{dataset}/items/{items[11]}", status=204)

    for path in (f"/items/{items[2]}/annotations", f"/datasets/{dataset}/items/{items[2]}/annotations"):
        (made,) = ask("POST", path, [BOX])
        ask("POST", path, BOX)
        ask("GET", path)
    ask("GET", f"/annotations/{made['id']}")
    ask("PUT", f"/annotations/{made['id']}", {"label": "pear"})
    ask("POST", f"/datasets/{dataset}/query", {"filter": {"itemId": items[2]}, "resource": "annotations"})
    ask("DELETE", f"/annotations/{made['id']}", {"username": "x"}, status=204)

    for base in ("/annotationtasks", "/tasks"):
        exercise_tasks(world, base)
    ask("GET", "/commands")
    command = ask("GET", "/commands")[0]["id"]
    ask("GET", f"/commands/{command}")
    ask("POST", f"/commands/{command}/abort", {})

    other = ask("POST", "/datasets", {"name": "other", "projects": [project]})["id"]
    ask("DELETE", f"/datasets/{other}")
    empty = ask("POST", "/projects", {"name": "empty"})["id"]
    ask("DELETE", f"/projects/{empty}", status=204)


def make_folder(world: World, path: str) -> Any:
    answer = world.client.send(
        "POST",
        f"/datasets/{world.dataset}/items",
        content=f"type=dir&path={path}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 200
    DESCRIBED.check("POST", f"/datasets/{world.dataset}/items", 200, answer.json)
    return answer.json["id"]


def exercise_tasks(world: World, base: str) -> None:
    ask, project, dataset, items = world.client.ask, world.project, world.dataset, world.items
    body = {
        "name": "t",
        "datasetId": dataset,
        "projectId": project,
        "recipeId": world.recipe,
        "taskOwner": "lead@example.com",
        "query": everything(dir="/train"),
        "spec": {"type": "annotation"},
        "workload": [{"assigneeId": "ann@example.com", "load": 100}],
        "availableActions": [{"action": "completed", "displayName": "Done", "color": "#ffffff"}],
    }
    task = ask("POST", base, body)["spec"]["createdTaskId"]
    ask("POST", base, {**body, "checkIfExist": {"query": {"filter": {"$and": [{"name": "t"}]}}}})
    ask("GET", base, projects=project, name="t")
    context = {"projectIds": [project]}
    query = {
        "filter": {"$and": [{"name": "t"}]},
        "page": 0,
        "pageSize": 5,
        "resource": "tasks",
        "context": context,
    }
    ask("POST", f"{base}/query", query)
    ask("POST", f"{base}/count", context)
    ask("POST", f"{base}/projects/{project}/counters", {})
    ask("GET", f"{base}/projects/{project}/datasets/{dataset}/actions")
    whole = ask("GET", f"{base}/{task}")
    ask("PATCH", f"{base}/{task}", {**whole, "name": "renamed"})
    more = {"query": everything(dir="/test"), "workload": [{"assigneeId": "ben@example.com", "load": 100}]}
    ask("POST", f"{base}/{task}/addToTask", more)
    ask("POST", f"{base}/{task}/removeFromTask", {"query": everything(name="4.jpg")})
    ask("POST", f"{base}/{task}/contributors", {"action": "add", "assignees": ["dan@example.com"]})
    ask("GET", f"{base}/{task}/queue")
    ask("GET", f"{base}/{task}/relatives")
    ask("GET", f"/scores/tasks/{task}")
    ask("GET", f"/scores/tasks/{task}/items/{items[2]}")

    first, second = ask("GET", "/assignments", taskId=task)["items"][:2]
    ask("GET", f"/assignments/{first['id']}")
    ask("PATCH", f"/assignments/{first['id']}", {"name": "renamed", "metadata": {"user": {"a": 1}}})
    ask("POST", f"/assignments/{first['id']}/partial", {"fields": ["name"]})
    done = {"operation": "create", "status": "completed"}
    ask("POST", f"/assignments/{first['id']}/items/{items[2]}/status", done)
    bulk = {"itemIds": [items[5]], "statusPayload": done}
    ask("POST", f"/assignments/{first['id']}/items/status", bulk)
    ask("POST", f"/assignments/items/tasks/{task}/status", bulk)
    ask("POST", f"/assignments/{second['id']}/reassign", {"annotator": "eve@example.com", "taskId": task})
    workload = [{"assigneeId": "fay@example.com", "load": 50}, {"assigneeId": "gil@example.com", "load": 50}]
    ask("POST", f"/assignments/{first['id']}/redistribute", {"taskId": task, "workload": workload})
    ask("DELETE", f"{base}/{task}", {"asynced": True})

    system = {"allowedAssignees": ["ann@example.com"], "batchSize": 3, "maxBatchWorkload": 5}
    pulled = ask("POST", base, {**body, "metadata": {"system": system}})["spec"]["createdTaskId"]
    (mine,) = ask("GET", "/assignments", taskId=pulled)["items"]
    for verb in ("batch", "clear"):
        ask("POST", f"/assignments/{mine['id']}/{verb}", {"assignmentId": mine["id"]})
    ask("DELETE", f"{base}/{pulled}", {})


def test_the_page_of_what_the_gate_does_is_made_from_its_routes() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "gate-coverage.md"
    assert page.read_text(encoding="utf-8") == coverage_page(ALL)


def test_what_a_gate_does_not_do_is_501_and_names_the_page(client: Client) -> None:
    for verb, path in (("GET", "/pipelines"), ("POST", "/models/query"), ("DELETE", "/users/me")):
        assert client.fails(verb, path, status=501) == (
            f"this gate does not do {verb} /api/v1{path}; docs/gate-coverage.md lists what it does"
        )


def test_the_query_that_a_task_keeps_is_what_was_sent(world: World) -> None:
    task = world.task()
    kept = json.loads(task["query"])
    kept.pop("sort")
    assert kept == json.loads(everything())
