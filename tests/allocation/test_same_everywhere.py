"""The same plan on every processor: nothing that decides an allocation is left to BLAS."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.gap.ordered import Factors, dot, times_vector, weighted_gram

ALLOCATED = """
import hashlib
import numpy as np
from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.strategies.matched import Matched
from taskplan.allocation.pairs import spread_pairs

found = hashlib.sha256()
for seed in range(6):
    rng = np.random.default_rng(seed)
    people = tuple(
        Assignee(f"p{n}@example.com", factors={"a": rng.uniform(0.5, 2), "b": rng.uniform(0.5, 2)},
                 rate=float(rng.uniform(5, 30)), capacity=float(rng.uniform(150, 260)))
        for n in range(7)
    )
    effort = rng.lognormal(0, 0.7, 600)
    problem = Problem(600, people, effort=effort, kind=rng.integers(0, 2, 600), kinds=("a", "b"), seed=seed)
    made = Matched(rounds=300).allocate(problem)
    found.update(made.order.tobytes() + repr(made.certificate).encode())
    given = rng.integers(20, 30, (7, 4))
    given[0] += -given.sum(axis=0) % 3
    found.update(spread_pairs(given, 3).tobytes())
print(found.hexdigest())
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="kernels of x86-64")
def test_kernels_of_other_processors_give_the_same_allocation() -> None:
    printed = set()
    for settings in (
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"},
        {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"},
    ):
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ALLOCATED],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        printed.add(ran.stdout)
    assert len(printed) == 1


@given(st.integers(1, 12), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_what_is_added_in_order_is_what_lapack_finds(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, weights = rng.normal(size=(rows, columns)), rng.uniform(0.1, 3, columns)
    gram = weighted_gram(matrix, weights)
    np.testing.assert_allclose(gram, matrix @ np.diag(weights) @ matrix.T, atol=1e-9)
    np.testing.assert_allclose(times_vector(matrix, weights), matrix @ weights, atol=1e-9)
    assert dot(weights, weights) == pytest.approx(float(weights @ weights))
    positive = gram + np.eye(rows)
    right = rng.normal(size=rows)
    np.testing.assert_allclose(
        Factors.of(positive).solve(right), np.linalg.solve(positive, right), rtol=1e-6, atol=1e-9
    )
