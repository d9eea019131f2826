"""What the gate does on its side, where plain HTTP shows it better than the SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Gate, Options
from tests.gate.conftest import World
from tests.gate.support import Client, everything


def test_a_task_that_exists_is_found_and_not_made_again(world: World) -> None:
    task = world.task(metadata={"user": {"key": "k1"}})
    body = {
        "name": "label",
        "datasetId": world.dataset,
        "query": everything(),
        "checkIfExist": {"query": {"filter": {"$and": [{"metadata.user.key": "k1"}]}}},
    }
    assert world.client.ask("POST", "/annotationtasks", body)["id"] == task["id"]
    body["checkIfExist"] = {"query": {"filter": {"$and": [{"metadata.user.key": "k2"}]}}}
    assert world.client.ask("POST", "/annotationtasks", body)["type"] == "CreateTask"


def test_a_limit_takes_the_first_and_a_task_without_people_has_no_assignment(world: World) -> None:
    assert world.task(limit=5)["totalItems"] == 5
    alone = world.task(workload=None)
    assert (alone["totalItems"], alone["assignmentIds"]) == (12, [])


@pytest.mark.parametrize(
    ("loads", "counts"),
    [([34, 33, 33], [4, 4, 4]), ([33.2, 33.2, 33.2], [4, 4, 4]), ([50, 25, 25], [6, 3, 3])],
)
def test_loads_share_everything_out(loads: list[float], counts: list[int], world: World) -> None:
    people = ["a@x.y", "B@x.y", "c@x.y"]
    workload = [{"assigneeId": who, "load": load} for who, load in zip(people, loads, strict=True)]
    body = {"name": "t", "datasetId": world.dataset, "query": everything(), "workload": workload}
    task = world.client.ask("POST", "/tasks", body)["spec"]["createdTaskId"]
    held = {entry["annotator"]: entry["totalItems"] for entry in world.of(task)}
    assert held == dict(zip(["a@x.y", "b@x.y", "c@x.y"], counts, strict=True))


def test_adding_items_again_changes_nothing_and_without_people_those_of_the_task_share(world: World) -> None:
    task = world.task(everything(dir="/test"))
    before = world.of(task["id"])
    added = world.client.ask("POST", f"/tasks/{task['id']}/addToTask", {"query": everything(dir="/test")})
    assert added["spec"]["addedItemsCount"] == 0
    assert [entry["totalItems"] for entry in world.of(task["id"])] == [e["totalItems"] for e in before]
    world.client.ask("POST", f"/tasks/{task['id']}/addToTask", {"query": everything()})
    assert [entry["totalItems"] for entry in world.of(task["id"])] == [7, 5]


def test_a_task_of_80000_items_is_refused(gate: Gate, client: Client, tmp_path: Path) -> None:
    lines = (f'{{"id": "{n:024x}", "filename": "/{n}.jpg"}}' for n in range(80_000))
    (tmp_path / "many.ndjson").write_text("\n".join(lines), encoding="utf-8")
    with gate.lock:
        gate.store.import_path(tmp_path / "many.ndjson", "many")
    dataset = client.ask("GET", "/datasets", name="many")[0]["id"]
    body = {"name": "t", "datasetId": dataset, "query": everything()}
    assert client.fails("POST", "/tasks", body) == (
        "the query selects 80,000 items; a task of 80,000 or more is refused"
    )
    assert client.ask("POST", "/tasks", {**body, "limit": 79_999})["status"] == "success"


def test_pages_go_through_by_keyset_and_by_number(world: World) -> None:
    ask, dataset = world.client.ask, world.dataset
    clauses: list[Any] = [{"type": "file"}]
    seen: list[str] = []
    for left in (12, 7, 2):
        body = {"filter": {"$and": clauses}, "page": 0, "pageSize": 5, "sort": {"id": "ascending"}}
        page = ask("POST", f"/datasets/{dataset}/query", body)
        assert (page["totalItemsCount"], page["hasNextPage"]) == (left, left > 5)
        seen += [item["id"] for item in page["items"]]
        clauses = [{"type": "file"}, {"id": {"$gt": seen[-1]}}]
    assert seen == sorted(world.items)
    by_name = []
    for number in range(3):
        body = {"filter": {}, "page": number, "pageSize": 5, "sort": {"name": "descending"}}
        page = ask("POST", f"/datasets/{dataset}/query", body)
        by_name += [item["name"] for item in page["items"]]
        assert (page["totalItemsCount"], page["totalPagesCount"]) == (12, 3)
    assert by_name == sorted(by_name, reverse=True)


def test_what_is_asked_in_between_is_seen_by_the_next_page(world: World) -> None:
    assert world.query(dir="/train")["totalItemsCount"] == 9
    world.client.upload(world.dataset, "/train/new.jpg")
    assert world.query(dir="/train")["totalItemsCount"] == 10
    world.task(everything(name="new.jpg"))
    assert world.query(**{"metadata.system.refs.type": "task"})["totalItemsCount"] == 1


def test_honeypots_are_mixed_in_at_their_percentage(world: World) -> None:
    for number in range(4):
        world.client.upload(world.dataset, f"/honeypot/{number}.jpg")
    people = ["ann@example.com", "ben@example.com"]
    system = {"consensusTaskType": "honeypot", "consensusPercentage": 25, "allowedAssignees": people}
    task = world.task(metadata={"system": system}, percentage=True)
    held = world.of(task["id"])
    assert [entry["totalItems"] for entry in held] == [8, 8]
    for entry in held:
        mine = world.query(**{"metadata.system.refs.id": entry["id"]})["items"]
        assert sum("/honeypot/" in item["filename"] for item in mine) == 2
        assert all(item["hidden"] == ("/honeypot/" in item["filename"]) for item in mine)
    world.client.ask("DELETE", f"/tasks/{task['id']}", {})
    assert world.query(hidden=True)["totalItemsCount"] == 0


def test_a_contributor_who_leaves_gives_back_what_is_open(world: World) -> None:
    task = world.task()
    first, second = world.of(task["id"])
    mine = world.query(**{"metadata.system.refs.id": first["id"]})["items"]
    done = {"operation": "create", "status": "completed"}
    world.client.ask("POST", f"/assignments/{first['id']}/items/{mine[0]['id']}/status", done)
    change = {"action": "remove", "assignees": ["ann@example.com", "ben@example.com"]}
    world.client.ask("POST", f"/tasks/{task['id']}/contributors", change)
    assert [(entry["id"], entry["totalItems"]) for entry in world.of(task["id"])] == [(first["id"], 1)]
    assert world.client.ask("GET", f"/tasks/{task['id']}/queue") == {"remaining": 11}
    assert second["annotator"] == "ben@example.com"


def test_metadata_of_the_system_changes_only_where_asked_for(world: World) -> None:
    item = world.items[0]
    change = {
        "metadata": {"system": {"width": 5, "refs": [{"id": "x", "type": "task"}]}, "user": {"a": {"b": 1}}}
    }
    world.client.ask("PATCH", f"/items/{item}", change)
    assert "width" not in world.system(item)
    world.client.ask("PATCH", f"/items/{item}?system=true", change)
    assert (world.system(item)["width"], world.system(item)["refs"]) == (5, [])
    world.client.ask("PATCH", f"/items/{item}", {"metadata": {"user": {"a": {"c": 2}}}})
    found = world.client.ask("GET", f"/items/{item}")
    assert found["metadata"]["user"] == {"a": {"b": 1, "c": 2}}
    moved = world.client.ask("PATCH", f"/items/{item}", {"filename": "/elsewhere/x.jpg"})
    assert (moved["dir"], moved["name"], moved["id"]) == ("/elsewhere", "x.jpg", item)
    task = world.task(metadata={"user": {"a": 1}})
    changed = {**task, "metadata": {"system": {"batchSize": 9}, "user": {"b": 2}}}
    found = world.client.ask("PATCH", f"/tasks/{task['id']}", changed)["metadata"]
    assert found == {"system": {}, "user": {"a": 1, "b": 2}}


def test_an_upload_of_what_is_there_is_skipped_or_replaces_it(world: World) -> None:
    first = world.client.upload(world.dataset, "/new.bin", b"abc", description="d")
    assert (first["operation"], first["metadata"]["system"]["size"], first["description"]) == (
        "created",
        3,
        "d",
    )
    second = world.client.upload(world.dataset, "/new.bin", b"abcdef")
    # The size sent, or the SDK would delete the item that is there.
    assert (second["operation"], second["id"], second["metadata"]["system"]["size"]) == (
        "skipped",
        first["id"],
        6,
    )
    assert world.system(first["id"])["size"] == 3
    third = world.client.upload(world.dataset, "/new.bin", b"abcdef", mode="overwrite")
    assert (third["operation"], third["id"], world.system(first["id"])["size"]) == (
        "overwrite",
        first["id"],
        6,
    )
    assert world.client.upload(world.dataset, "/x/../y", status=400) == '"/x/../y" is no path of an item'
    assert (
        world.client.upload(world.dataset, "/z", status=400, metadata="[1]") == "metadata: expected an object"
    )


def test_the_older_references_of_items_work(world: World) -> None:
    task = world.task(everything(dir="/test"))
    (first, _) = world.of(task["id"])
    body = {"filter": {"$and": [{"dir": "/train"}]}, "references": None}
    body["references"] = {"operation": "create", "refs": [{"type": "assignment", "id": first["id"]}]}
    assert world.client.ask("POST", f"/datasets/{world.dataset}/query", body)["totalItemsCount"] == 9
    assert world.client.ask("GET", f"/assignments/{first['id']}")["totalItems"] == 2 + 9
    body["references"] = {"operation": "delete", "refs": [{"type": "task", "id": task["id"]}]}
    world.client.ask("POST", f"/datasets/{world.dataset}/query", body)
    assert world.client.ask("GET", f"/tasks/{task['id']}")["totalItems"] == 3


def test_delayed_commands_pass_through_their_states(tmp_path: Path) -> None:
    time = 0.0
    options = Options(command_delay=3.0)
    with open_gate(tmp_path / "slow.db", options, create=True) as gate, running(gate):
        gate.clock = lambda: time
        world = World(Client(gate))
        body = {"name": "t", "datasetId": world.dataset, "query": everything()}
        command = world.client.ask("POST", "/tasks", body)
        seen = [(command["status"], command["progress"])]
        for time in (1000.0, 2000.0, 3000.0, 9000.0):  # noqa: B007 - the gate's clock reads it
            found = world.client.ask("GET", f"/commands/{command['id']}")
            seen.append((found["status"], found["progress"]))
        assert seen == [
            ("created", 0),
            ("in-progress", 33),
            ("finalizing", 67),
            ("success", 100),
            ("success", 100),
        ]
        later = world.client.ask("POST", "/tasks", body)
        assert world.client.ask("POST", f"/commands/{later['id']}/abort", {})["status"] == "aborted"


def test_a_store_is_emptied_whole_or_by_project(world: World, gate: Gate) -> None:
    client = world.client
    client.ask("POST", "/projects", {"name": "other"})
    world.task()
    found = client.send("GET", "/_taskplan/snapshot", root=True).json
    assert [task["name"] for task in found["tasks"]] == ["label"]
    assert len(found["tasks"][0]["assignments"]) == 2
    asked = client.send("GET", "/_taskplan/requests", root=True).json
    assert asked[-1]["path"].startswith("/api/v1/annotationtasks/")
    assert gate.token not in json.dumps(asked)
    assert client.send("POST", "/_taskplan/reset", content=b'{"project": "fruit"}', root=True).status == 204
    assert [project["name"] for project in client.ask("GET", "/projects")] == ["other"]
    assert client.send("POST", "/_taskplan/reset", root=True).status == 204
    assert client.ask("GET", "/projects") == []
    assert client.send("POST", "/_taskplan/reset", content=b'{"project": "x"}', root=True).status == 404


def test_two_projects_may_have_datasets_of_one_name(world: World, gate: Gate) -> None:
    other = world.client.ask("POST", "/projects", {"name": "other"})["id"]
    twin = world.client.ask("POST", "/datasets", {"name": "apples", "projects": [other]})["id"]
    query = {"filter": {"$and": [{"name": "apples"}]}, "context": {"projects": [other]}}
    assert [entry["id"] for entry in world.client.ask("POST", "/datasets/query", query)["items"]] == [twin]
    with gate.lock, pytest.raises(Exception, match=r'2 datasets are named "apples"; use an id: '):
        gate.store.table("apples")


def test_the_overview_follows_the_store_and_is_sent_only_when_it_changed(world: World) -> None:
    client = world.client
    first = client.send("GET", "/_taskplan/overview", root=True)
    assert first.json["datasets"][0]["items"] == 12
    assert first.json["tasks"] == []
    same = {"If-None-Match": first.headers["etag"]}
    assert client.send("GET", "/_taskplan/overview", root=True, headers=same).status == 304
    task = world.task()
    after = client.send("GET", "/_taskplan/overview", root=True, headers=same)
    assert [(found["name"], found["statuses"]) for found in after.json["tasks"]] == [("label", {"": 12})]
    assert [sum(found["statuses"].values()) for found in after.json["tasks"][0]["assignments"]] == [6, 6]
    listed = client.send("GET", f"/_taskplan/tasks/{task['id']}/items", root=True).json
    assert [item["id"] for item in listed] == world.items
    assert client.send("GET", f"/_taskplan/tasks/{task['id']}/items?page=1", root=True).json == []
    assert client.send("GET", "/_taskplan/tasks/unknown/items", root=True).status == 404
