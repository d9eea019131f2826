"""Pieces on real workers: in order, bounded, whole whatever dies, and errors as they are elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dask
import distributed  # noqa: F401 - the settings below come with it
import numpy as np
import pytest

from taskplan.cluster import open_cluster
from taskplan.cluster.dask_spread import AHEAD, SHARED, DaskSpread
from taskplan.errors import BackendError, DataError, MissingExtraError
from tests.cluster import pieces
from tests.cluster.conftest import children, gone


def forgotten(spread: DaskSpread) -> bool:
    """Wait until no piece is kept any more."""
    until = time.monotonic() + 10
    while spread._client.futures and time.monotonic() < until:
        time.sleep(0.01)
    return not spread._client.futures


def test_results_come_in_order_from_all_workers(spread: DaskSpread) -> None:
    assert spread.width == 2
    assert list(spread.map(pieces.slowly, range(13))) == list(range(13))
    found = set(spread.map(pieces.process_of, [0.1] * 8))
    assert len(found) == 2
    assert os.getpid() not in found


def test_no_pieces_are_no_results(spread: DaskSpread) -> None:
    assert list(spread.map(pieces.square, [])) == []


def test_pieces_are_taken_only_so_far_ahead(spread: DaskSpread) -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    results = spread.map(pieces.square, endless())
    for number in range(20):
        assert next(results) == number * number
        assert len(taken) - number <= AHEAD * spread.width
    results.close()  # type: ignore[attr-defined]


def test_who_stops_reading_ends_the_work(spread: DaskSpread, tmp_path: Path) -> None:
    results = spread.map(partial(pieces.noted, tmp_path), range(100))
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert list(spread.map(pieces.square, [3])) == [9]
    assert len(list(tmp_path.iterdir())) <= AHEAD * spread.width + 1
    assert forgotten(spread)


def test_two_maps_at_once_do_not_mix(spread: DaskSpread) -> None:
    one, other = spread.map(pieces.square, range(9)), spread.map(pieces.slowly, range(9))
    assert list(zip(one, other, strict=True)) == [(n * n, n) for n in range(9)]


@pytest.mark.parametrize("size", [10, SHARED])
def test_a_function_may_hold_much(spread: DaskSpread, size: int) -> None:
    large = np.arange(size)
    found = list(spread.map(pieces.Added(large), range(8)))
    for number, (_, part) in enumerate(found):
        np.testing.assert_array_equal(part, large[number : number + 3] + 1)
    assert forgotten(spread)


@pytest.mark.parametrize("size", [10, SHARED])
def test_a_killed_worker_changes_nothing(spread: DaskSpread, tmp_path: Path, size: int) -> None:
    large = partial(_both, partial(pieces.deadly, tmp_path), np.arange(size))
    assert list(spread.map(large, range(12))) == [(number, number) for number in range(12)]
    assert {path.name for path in tmp_path.iterdir()} == {"0", "5", "10"}


def _both(function: partial[int], large: np.ndarray, number: int) -> tuple[int, int]:
    return function(number), int(large[number % 10]) + number // 10 * 10


def test_the_error_of_the_first_piece_that_fails_is_raised(spread: DaskSpread) -> None:
    results, read = spread.map(pieces.failing, range(20)), []
    with pytest.raises(DataError) as caught:
        read.extend(results)
    assert str(caught.value) == "items.ndjson:5 name: is wrong; mend it"
    assert caught.value.exit_code == 2
    assert list(spread.map(pieces.square, [3])) == [9]
    assert forgotten(spread)


def test_results_before_an_error_are_given(spread: DaskSpread) -> None:
    results = spread.map(pieces.failing, range(20))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(DataError):
        next(results)


def test_a_piece_may_fail_as_a_wait_would(spread: DaskSpread) -> None:
    with pytest.raises(TimeoutError, match="the piece itself says so"):
        list(spread.map(pieces.timed_out, [0]))


def test_a_worker_without_an_extra_is_named(spread: DaskSpread) -> None:
    with pytest.raises(MissingExtraError) as caught:
        list(spread.map(pieces.lacking, [0]))
    text = str(caught.value)
    assert text.startswith("reading Parquet on the worker tcp://127.0.0.1:")
    assert text.endswith(' needs the extra "parquet": pip install "taskplan[parquet]"')


def test_a_worker_that_cannot_read_the_function_is_named(
    spread: DaskSpread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def newer(number: int) -> int:
        return number

    # In this process the module has something that it has not where a worker reads it.
    newer.__module__, newer.__qualname__ = pieces.__name__, "newer"
    monkeypatch.setattr(pieces, "newer", newer, raising=False)
    with pytest.raises(BackendError, match=r"^the worker tcp://\S+ lacks what the work needs: .*newer"):
        list(spread.map(newer, [0]))


def test_a_worker_of_another_version_is_refused(spread: DaskSpread, monkeypatch: pytest.MonkeyPatch) -> None:
    # Workers that come later are asked with each piece.
    monkeypatch.setattr("taskplan.cluster.dask_spread.versions_here", lambda: ("9.9", "3.99", "7.7"))
    expected = (
        r"^the worker tcp://\S+ has taskplan .*; expected taskplan 9\.9, Python 3\.99, numpy 7\.7, as here$"
    )
    with pytest.raises(BackendError, match=expected):
        list(spread.map(pieces.square, [1]))


def test_what_kills_every_worker_is_given_up_and_nobody_is_left(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = children()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        open_cluster(None, workers=1) as lonely,
    ):
        assert list(lonely.map(pieces.square, [2])) == [4]
        started = children() - before
        assert started
        with pytest.raises(BackendError) as caught:
            list(lonely.map(pieces.always_deadly, [0, 1]))
        started |= children() - before
    assert str(caught.value) == (
        "the local cluster: a piece of work was given up, as 2 workers died over it; "
        "most often they have too little memory"
    )
    assert gone(started)
    assert capfd.readouterr() == ("", "")


def test_a_cluster_without_workers_is_waited_for_only_so_long(spread: DaskSpread) -> None:
    class Deserted:
        """Workers that have gone for good."""

        status = "running"

        def __init__(self) -> None:
            self.client = spread._client

        def __getattr__(self, name: str) -> object:
            return getattr(self.client, name)

        def nthreads(self) -> dict[str, int]:
            return {}

    deserted = DaskSpread(Deserted(), "tcp://host:1", patience=0.5)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match=r"^tcp://host:1: there has been no worker for 0 s; `dask worker"):
        list(deserted.map(pieces.process_of, [2.0]))
