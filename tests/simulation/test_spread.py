"""Where and in what pieces replications are simulated changes no bit of what comes out."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.engine import run, simulate
from taskplan.simulation.forecast import encode_forecast
from taskplan.simulation.jobs import Limits, Model, Outcome
from taskplan.simulation.scenarios import Questions, forecast
from taskplan.simulation.shifting import shifted
from tests.simulation.models import person, plain, scattered, task, tied
from tests.simulation.planned import ANN, BEN, plan_of, review, team
from tests.simulation.planned import task as planned


class Elsewhere:
    """Does the pieces in a sequence of its own, on copies that cannot be written to, one of them twice."""

    def __init__(self, width: int = 3, seed: int = 0) -> None:
        self.width, self.random = width, random.Random(seed)
        self.pieces: list[Any] = []

    def map(self, function: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterator[Any]:
        sent = [_copied(piece) for piece in pieces]
        self.pieces += sent
        order = list(range(len(sent)))
        self.random.shuffle(order)
        results: dict[int, Any] = {}
        for number in [*order, *order[:1]]:
            results[number] = _copied(_copied(function)(sent[number]))
        for number in range(len(sent)):
            yield results[number]


def _copied(thing: Any) -> Any:
    """Return a copy as it comes out of a network: its arrays are those of what was received."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])


def assert_identical(one: Outcome, other: Outcome) -> None:
    for field in fields(Outcome):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        for a, b in zip(mine, theirs, strict=True) if isinstance(mine, tuple) else [(mine, theirs)]:
            np.testing.assert_array_equal(a, b, err_msg=field.name, strict=True)


@settings(max_examples=30)
@given(
    st.one_of(tied(), scattered(), plain()),
    st.sampled_from([1, 5, BLOCK, BLOCK + 1, 3 * BLOCK - 7]),
    st.integers(1, 9),
    st.sampled_from([8000, 60_000, 2**29]),
    st.integers(0, 99),
)
def test_pieces_done_elsewhere_are_what_is_done_here(
    model: Model, replications: int, width: int, memory: int, seed: int
) -> None:
    here = simulate(model, replications)
    there = simulate(model, replications, limits=Limits(memory), spread=Elsewhere(width, seed))
    assert_identical(here, there)


def _two_parts() -> Model:
    people = [person(name, errors=0.3, cv=0.5, shape="lognormal") for name in "abcd"]
    return Model(
        tuple(people),
        (
            task([0, 1], [0, 1] * 10),
            task([2], [2] * 20),
            task([3], [3] * 20, "qa", reviews=1),
        ),
    )


def test_there_is_a_piece_for_everyone() -> None:
    for width in (1, 2, 3, 8):
        spread = Elsewhere(width)
        simulate(_two_parts(), 8 * BLOCK, spread=spread)
        events = [piece for piece in spread.pieces if piece.part == 1]
        assert len(events) == -(-8 // -(-8 // width))
        # What is cheap is not cut finer than for everyone to have some.
        assert len(spread.pieces) - len(events) == len(events)
        for part in (0, 1):
            own = [(piece.begin, piece.end) for piece in spread.pieces if piece.part == part]
            assert [begin for begin, _ in own] == [0, *(end for _, end in own[:-1])]
            assert own[-1][1] == 8 * BLOCK


def test_large_sums_are_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LEAST", 20 * BLOCK * 3)
    spread = Elsewhere(1)
    simulate(_two_parts(), 8 * BLOCK, spread=spread)
    assert [piece.end - piece.begin for piece in spread.pieces if piece.part == 0] == [
        3 * BLOCK,
        3 * BLOCK,
        2 * BLOCK,
    ]


def test_progress_is_told_of_pieces_elsewhere() -> None:
    told: list[tuple[int, int]] = []
    simulate(_two_parts(), 300, progress=lambda done, total: told.append((done, total)), spread=Elsewhere())
    assert [done for done, _ in told] == [128, 256, 300, 428, 556, 600]
    assert {total for _, total in told} == {600}


def test_a_forecast_is_the_same_to_the_byte() -> None:
    plan = plan_of(30, planned(people=[ANN, BEN], due="2028-01-03T13:30"), review())
    asked = Questions(("equal", "weighted", "pulling"), ("+1 annotator", "-ben@example.com"))
    about: dict[str, Any] = {"replications": 200, "questions": asked}
    spread = Elsewhere()
    assert encode_forecast(forecast(plan, team(), **about)) == encode_forecast(
        forecast(plan, team(), spread=spread, **about)
    )
    # As planned, and the five others.
    assert len(spread.pieces) == 6 * 2


def test_moves_are_tried_elsewhere() -> None:
    slow, fast = person("slow", 4.0, cv=0.4, shape="gamma"), person("fast", 1.0)
    model = Model((slow, fast), (task([0, 1], [0, 1] * 20),))
    due, spread = np.array([60.0]), Elsewhere()
    here = shifted(model, due, [0], replications=64)
    there = shifted(model, due, [0], replications=64, spread=spread)
    np.testing.assert_array_equal(here.tasks[0].owner, there.tasks[0].owner)
    assert here is not model
    assert len(spread.pieces) > 3
