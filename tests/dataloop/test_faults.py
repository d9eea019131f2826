"""Whatever fails in between: resuming ends as an undisturbed run does, and nothing is made twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from tests.dataloop.schedules import ALL, BAD, WRITES, apply_until_done, earlier, random_faults, undisturbed
from tests.dataloop.support import live


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    with live(tmp_path_factory.mktemp("undisturbed")) as platform:
        earlier(platform)
        return undisturbed(platform, platform.plan(ALL))


@pytest.mark.parametrize("fault", BAD, ids=lambda f: f"{f.kind}-{f.status}-{f.when}")
@pytest.mark.parametrize("place", WRITES)
def test_one_fault_at_every_kind_of_write(
    fault: Fault, place: str, tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    with live(tmp_path) as platform:
        earlier(platform)
        plan = platform.plan(ALL)
        method = "PATCH" if place.endswith("/*") else "POST"
        platform.gate.faults = Faults(
            [Rule(fault, place, method, skip=0), Rule(fault, place, method, skip=2)]
        )
        apply_until_done(platform, plan)
        assert platform.gate.faults.struck
        assert platform.state() == expected


@pytest.mark.parametrize("seed", range(50))
def test_random_schedules(seed: int, tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    with live(tmp_path) as platform:
        earlier(platform)
        plan = platform.plan(ALL)
        platform.gate.faults = random_faults(np.random.default_rng(seed))
        apply_until_done(platform, plan)
        assert platform.state() == expected
