"""The benchmarks themselves: that their figures mean what they say, and that the guard can fail."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import benchmarks.guard
from benchmarks import bandwidth, guarded, results
from benchmarks.__main__ import MODULES, main
from benchmarks.child import in_process
from benchmarks.growth import exponents
from benchmarks.guard import GUARDS, Guard
from benchmarks.rows import Row, row
from benchmarks.solver import instance, levels, scipy_graph
from benchmarks.steps import cases
from benchmarks.workload import workload

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


def test_lines_are_the_documents() -> None:
    load = workload(1000)
    assert list(load.lines(990, 1000)) == [json.dumps(load.document(n)) + "\n" for n in range(990, 1000)]


@given(st.floats(0.5, 3), st.floats(1e-9, 1e-3))
def test_the_exponent_of_a_power_is_found(exponent: float, factor: float) -> None:
    fitted, last, counted = exponents({size: factor * size**exponent for size in SIZES})
    assert math.isclose(fitted, exponent, rel_tol=1e-6)
    assert math.isclose(last, exponent, rel_tol=1e-6)
    assert counted == list(SIZES)


def test_what_every_size_takes_alike_does_not_flatten_the_exponent() -> None:
    fitted, _, counted = exponents({size: 0.1 + 1e-13 * size**2 for size in SIZES})
    assert counted == [1_000_000, 10_000_000]
    assert fitted > 1.5


def test_bytes_are_compared_with_the_bandwidth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "bandwidth", lambda: 1e9)
    assert bandwidth.at_best(3_000_000, 1_000_000) == 0.004
    assert row("q", "s", 0.012, at_best=bandwidth.at_best(4_000_000))["times_best"] == pytest.approx(3)


def test_a_process_has_a_peak_of_its_own() -> None:
    held = np.ones(25_000_000)
    found = in_process("benchmarks.child:peak_of", megabytes=0)
    more = in_process("benchmarks.child:peak_of", megabytes=100)
    assert found["peak_mb"] < held.nbytes / 1e6
    assert more["peak_mb"] > found["peak_mb"] + 80


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="peak_of"):
        in_process("benchmarks.child:peak_of", gigabytes=1)


def test_the_plans_that_are_measured_are_asked_for_as_they_are_called() -> None:
    assert list(cases()) == ["six clauses", "nearly all", "nearly all, and a review"]
    assert all(len(task["assignees"]) == 100 for spec in cases().values() for task in spec["tasks"])


def test_scipys_network_has_all_that_may_flow() -> None:
    from scipy.sparse.csgraph import maximum_flow

    problem = instance(30, 10, 0.4)
    graph, people = scipy_graph(problem)
    graph.data[people] = int(problem.supply.sum())
    assert maximum_flow(graph, 0, graph.shape[0] - 1).flow_value == problem.supply.sum()
    graph.data[people] = 1
    assert maximum_flow(graph, 0, graph.shape[0] - 1).flow_value == 10
    assert next(levels(problem)) == -(-problem.supply.sum() // 10)


# The guard.


def said(seconds: list[tuple[float, float]]) -> Callable[[list[Any], int], list[float]]:
    """Return a clock that has the answers."""
    answers = iter(seconds)
    return lambda subjects, repeat: list(next(answers))


@contextmanager
def nothing() -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    yield lambda: None, lambda: None


def guard(seconds: list[tuple[float, float]], bound: float = 3.0) -> Guard:
    return Guard("reading", "a yardstick", nothing, bound, timer=said(seconds))


def run(monkeypatch: pytest.MonkeyPatch, *guards: Guard, names: tuple[str, ...] = ()) -> Any:
    monkeypatch.setattr(benchmarks.guard, "GUARDS", guards)
    return CliRunner().invoke(main, ["guard", *names])


def test_a_ratio_within_its_bound_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, guard([(2.9, 1.0)]))
    assert done.exit_code == 0
    assert "2.90" in done.output


def test_a_ratio_over_its_bound_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, guard([(4.0, 1.0), (4.5, 1.0)]), replace(guard([(1.0, 1.0)]), name="writing"))
    assert done.exit_code == 1
    assert "reading: 4.00 × a yardstick, bound 3: 33 % over" in done.output
    assert "writing:" not in done.output


def test_one_unlucky_moment_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, guard([(9.0, 1.0), (1.0, 1.0)])).exit_code == 0


def test_a_part_of_the_project_that_became_slow_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (real,) = (one for one in GUARDS if one.name == "query")

    @contextmanager
    def slowed() -> Iterator[Any]:
        with guarded.query() as (ours, theirs):
            yield lambda: [ours() for _ in range(30)], theirs

    done = run(monkeypatch, replace(real, prepare=slowed, repeat=3))
    assert done.exit_code == 1
    assert "query: " in done.output.splitlines()[-1]


def test_an_unknown_ratio_is_named_with_those_there_are() -> None:
    done = CliRunner().invoke(main, ["guard", "speed"])
    assert done.exit_code == 2
    assert "no such ratio: speed; there are query, " in done.output


def test_the_guard_is_small() -> None:
    assert 8 <= len(GUARDS) <= 12
    assert len({one.name for one in GUARDS}) == len(GUARDS)


# The history.


def result(day: str, commit: str, rows: list[Row], *, dirty: bool = False) -> results.Result:
    return {
        "date": f"{day}T10:00:00Z",
        "commit": commit * 10,
        "dirty": dirty,
        "machine": {"cores": 2},
        "results": [{"benchmark": "query", **one} for one in rows],
    }


def test_the_history_shows_each_ratio_as_it_developed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = result("2026-01-02", "aaaa", [row("warm", "polars", 1.0, 0.5), row("warm", "taskplan", 1.0)])
    second = result("2026-02-03", "bbbb", [row("warm", "polars", 1.0, 0.25), row("cold", "duckdb", 1.0, 2.0)])
    for one in (second, first):
        results.record(one, tmp_path)
    kept = results.recorded(tmp_path)
    assert [one["date"] for one in kept] == ["2026-01-02T10:00:00Z", "2026-02-03T10:00:00Z"]
    rows = results.history(kept, "query")
    assert [(one["subject"], one["ratios"]) for one in rows] == [
        ("polars", [0.5, 0.25]),
        ("duckdb", [None, 2.0]),
    ]
    monkeypatch.setattr(results, "recorded", lambda: kept)
    shown = CliRunner().invoke(main, ["history", "cold"]).output
    assert "2.00" in shown
    assert "polars" not in shown
    printed = json.loads(CliRunner().invoke(main, ["history", "--json", "--last", "1"]).output)
    assert [one["commit"] for one in printed["runs"]] == ["bbbb" * 10]
    assert printed["rows"][0]["ratios"] == [0.25]
    assert CliRunner().invoke(main, ["history", "memory"]).exit_code == 1


def test_a_second_run_of_the_day_completes_the_first(tmp_path: Path) -> None:
    before = result("2026-01-02", "aaaa", [row("warm", "polars", 1.0, 0.5)], dirty=True)
    before["results"].append({"benchmark": "plans", **row("write", "orjson", 1.0, 3.0)})
    results.record(before, tmp_path)
    path = results.record(result("2026-01-02", "aaaa", [row("warm", "polars", 1.0, 0.4)]), tmp_path)
    (kept,) = results.recorded(tmp_path)
    assert path.name == "2026-01-02-aaaaaaa.json"
    assert [(one["benchmark"], one["ratio"]) for one in kept["results"]] == [("plans", 3.0), ("query", 0.4)]
    assert kept["dirty"]


def test_a_result_says_what_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "bandwidth", lambda: 21.5e9)
    found = results.result_of([row("warm", "polars", 1.0, 0.5)], 0.01, 3)
    assert found["machine"]["memory_bandwidth_gb_s"] == 21.5
    assert found["machine"]["cores"]
    assert found["results"][0]["scale"] == 0.01
    assert set(found) == {"date", "commit", "dirty", "machine", "results"}


def test_what_is_recorded_can_be_read() -> None:
    for one in results.recorded():
        assert one["commit"] != "unknown"
        assert {entry["benchmark"] for entry in one["results"]} <= {*MODULES, "bandwidth"}
