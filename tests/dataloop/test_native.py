"""Native replay: one request where the platform would do the same; the plan's own split in any case."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from taskplan.errors import BackendError
from taskplan.replay.native import native_of
from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from tests.dataloop.support import SPEC, Live

LABEL: dict[str, Any] = {
    "name": "label",
    "filter": {"dir": "/train"},
    "assignees": ["ann@example.com", "ben@example.com", "cat@example.com"],
}


def writes(platform: Live) -> Counter[str]:
    paths = [entry["path"] for entry in platform.gate.requests if entry["method"] != "GET"]
    return Counter(path.rpartition("/")[2] for path in paths if not path.endswith("/query"))


def test_one_request_makes_the_task(platform: Live) -> None:
    plan = platform.plan({"tasks": [LABEL]})
    exact, native = platform.connect(), platform.connect(replay="native")
    assert platform.apply(plan, native).verification.ok
    assert writes(platform)["annotationtasks"] == 1
    assert writes(platform)["addToTask"] == 0
    state = platform.state()
    from taskplan.replay.journal import Journal
    from taskplan.replay.undo import undo_plan

    with Journal(platform.local) as journal:
        undo_plan(plan, exact, journal, clock=lambda: 0.0)
    platform.gate.requests.clear()
    assert platform.apply(plan, exact).verification.ok
    assert writes(platform)["addToTask"] > 1
    assert platform.state() == state
    exact.close()
    native.close()


def test_what_the_platform_splits_otherwise_is_put_right(
    platform: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskplan_sqlite.platform import requests

    shared_out = requests.shared_out
    # A platform that lists items the other way round.
    monkeypatch.setattr(requests, "shared_out", lambda keys, loads: shared_out(keys[::-1], loads))
    plan = platform.plan({"tasks": [LABEL]})
    backend = platform.connect(replay="native")
    report = platform.apply(plan, backend)
    assert report.verification.ok, report.verification.differences
    backend.close()


def test_items_that_match_by_now_are_taken_out_again(platform: Live) -> None:
    plan = platform.plan({"tasks": [{**LABEL, "filter": {"metadata.user.n": {"lt": 9}}}]})
    backend = platform.connect(replay="native")
    backend.dataset("fruit")
    backend.platform.client.write("PATCH", f"/items/{31:024x}", {"metadata": {"user": {"n": 1}}})
    report = platform.apply(plan, backend)
    assert report.verification.ok, report.verification.differences
    (task,) = platform.state()
    assert sum(map(len, task["people"].values())) == 9
    backend.close()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "one request: the query and a workload"),
        ({"order": "interleaved"}, 'the platform does not deal items "interleaved"'),
        ({"limit": 7}, "the plan takes 7 of 30 that match; they go by id"),
    ],
)
def test_which_and_why(change: dict[str, Any], why: str, platform: Live) -> None:
    (operation,) = platform.plan({"tasks": [{**LABEL, **change}]}).operations
    assert native_of(operation).why == why
    assert native_of(operation).possible == (not change)


def test_what_whole_percentages_would_change(platform: Live) -> None:
    people = [{"email": "ann@example.com", "weight": 199}, {"email": "ben@example.com", "weight": 1}]
    (operation,) = platform.plan({"tasks": [{**LABEL, "filter": {}, "assignees": people}]}).operations
    native = native_of(operation)
    assert native.possible
    assert all(planned != then for planned, then in native.rounded.values())
    for operation in platform.plan(SPEC).operations[1:]:
        assert not native_of(operation).possible


@pytest.mark.parametrize("replay", ["exact", "native"])
def test_what_somebody_adds_to_a_task_half_done_stays(replay: str, platform: Live) -> None:
    plan = platform.plan({"tasks": [LABEL]})
    platform.gate.faults = Faults([Rule(Fault("status", "before", 500), "*/addToTask", times=0)])
    backend = platform.connect(tries=2)
    with pytest.raises(BackendError):
        platform.apply(plan, backend)
    platform.gate.faults = Faults()
    (task,) = backend.platform.tasks(backend.dataset("fruit"))
    other = f"{4:024x}"
    added = {
        "query": f'{{"filter": {{"id": {{"$in": ["{other}"]}}}}}}',
        "workload": [{"assigneeId": "lead@example.com", "load": 100}],
    }
    backend.platform.client.write("POST", f"/annotationtasks/{task['id']}/addToTask", added)
    backend.close()
    # Neither the way of this apply nor that of the first one counts, but what the task itself says.
    backend = platform.connect(replay=replay)
    report = platform.apply(plan, backend)
    assert report.verification.differences == (
        "create:label: lead@example.com has 1 items and is not in the plan",
    )
    (state,) = platform.state()
    assert state["people"]["lead@example.com"] == [other]
    assert sum(map(len, state["people"].values())) == 31
    backend.close()
