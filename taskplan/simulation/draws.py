"""Random numbers: a stream of their own for every person, so that scenarios share them.

Whoever does whatever as their k-th piece of work takes their k-th numbers, in every scenario
(common random numbers: A. M. Law, *Simulation Modeling and Analysis*, 2015, §11.2). Replications come in
blocks of `BLOCK`, each with a stream of its own, so that the first thousand of two thousand are
the same thousand, whatever runs side by side.
"""

from __future__ import annotations

import hashlib

import numpy as np

from taskplan.simulation.jobs import Floats
from taskplan.simulation.workforce import Worker

BLOCK = 128
"""Replications that share a stream."""
DURATIONS, OUTCOMES, VERDICTS = 0, 1, 2
"""What a stream is for: Z, U and V of the rules in `taskplan.simulation.jobs`."""


def stream(seed: int, email: str, purpose: int, block: int) -> np.random.Generator:
    """Return the stream of a person for a purpose and a block of replications."""
    name = int.from_bytes(hashlib.sha256(email.lower().encode()).digest()[:8], "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name, purpose, block])))


def durations(worker: Worker, generator: np.random.Generator, rows: int) -> Floats:
    """Draw the next `rows` of Z, [rows, BLOCK]: mean 1, by the person's shape and variation.

    Asking twice for a part gives what asking once for the whole does.
    """
    size = (rows, BLOCK)
    if worker.shape == "exponential":
        return generator.standard_exponential(size)
    # So small a variation only makes numbers that no computer can tell apart.
    if worker.shape == "fixed" or worker.cv < 1e-6:
        return np.ones(size)
    if worker.shape == "gamma":
        shape = 1 / worker.cv**2
        return generator.standard_gamma(shape, size) / shape
    spread = np.log1p(worker.cv**2)
    return generator.lognormal(-spread / 2, np.sqrt(spread), size)


def chances(generator: np.random.Generator, rows: int) -> Floats:
    """Draw the next `rows` of U or V, [rows, BLOCK], uniform on [0, 1)."""
    return generator.random((rows, BLOCK))
