"""The engine and the slow reference agree, replication by replication, on whatever model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Limits, Model, Outcome
from tests.simulation import models, reference

REPLICATIONS = range(8)
TIMES = ("finish", "last", "spent")
COUNTS = ("ended", "again", "rejected", "skipped", "abandoned", "ignored")


def assert_same(model: Model, replications: Sequence[int] = REPLICATIONS) -> None:
    told = simulate(model, max(replications) + 1)
    expected = reference.simulate(model, replications)
    chosen = list(replications)
    for name in COUNTS:
        np.testing.assert_array_equal(getattr(told, name)[..., chosen], getattr(expected, name), name)
    for name in TIMES:
        np.testing.assert_allclose(
            getattr(told, name)[..., chosen], getattr(expected, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
    for t, (mine, theirs) in enumerate(zip(told.reached, expected.reached, strict=True)):
        np.testing.assert_array_equal(told.marks[t], expected.marks[t])
        np.testing.assert_allclose(mine[:, chosen], theirs, rtol=1e-9, atol=1e-9, err_msg=f"reached[{t}]")


@given(models.tied())
def test_the_engine_follows_the_rules_where_things_happen_at_one_instant(model: Model) -> None:
    assert_same(model)


@given(models.scattered())
def test_the_engine_follows_the_rules_where_times_are_scattered(model: Model) -> None:
    assert_same(model)


@given(models.plain())
def test_the_engine_follows_the_rules_where_it_takes_a_shorter_way(model: Model) -> None:
    assert_same(model)


@settings(max_examples=5)
@given(models.scattered())
def test_the_engine_follows_the_rules_from_one_block_to_the_next(model: Model) -> None:
    assert_same(model, [BLOCK - 1, BLOCK, 2 * BLOCK])


@settings(max_examples=5)
@given(models.scattered() | models.plain())
def test_how_many_run_side_by_side_changes_nothing(model: Model) -> None:
    many, few = simulate(model, 3 * BLOCK), simulate(model, BLOCK + 1, limits=Limits(memory=1))
    for name in (*TIMES, *COUNTS):
        np.testing.assert_array_equal(getattr(many, name)[..., : BLOCK + 1], getattr(few, name), name)
    for whole, part in zip(many.reached, few.reached, strict=True):
        np.testing.assert_array_equal(whole[:, : BLOCK + 1], part)


@pytest.mark.parametrize("name", [*COUNTS, "endless", "dropped"])
def test_the_drawn_models_hold_what_the_rules_speak_of(name: str) -> None:
    """Else agreement would say little: every count is seen, and things that never end too."""

    def holds(model: Model) -> bool:
        if name == "dropped":
            return any(np.isfinite(person.time.leaves) for person in model.people)
        found: Outcome = reference.simulate(model, range(2))
        if name == "endless":
            return bool(np.isinf(found.finish).any())
        return int(getattr(found, name).sum()) > 0

    search = settings(max_examples=2000, database=None, phases=[Phase.generate])
    assert holds(find(models.tied() | models.scattered(), holds, settings=search))
