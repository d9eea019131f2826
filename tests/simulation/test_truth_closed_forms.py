"""The engine against results that are known exactly: order statistics, sums, queues.

What is compared is a mean, within `SIGMAS` standard errors of what is known, or a whole distribution, by
a test whose probability must not fall below `SURE`. Seeds are fixed, so that nothing here fails by chance.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Model, Outcome
from taskplan.simulation.workforce import Worker
from tests.simulation.models import hours, person, task

SIGMAS = 4.5
SURE = 0.001
REPLICATIONS = 2048


def outcome(model: Model, replications: int = REPLICATIONS) -> Outcome:
    return simulate(model, replications)


def exponential(name: str, minutes: float = 1.0, **about: Any) -> Worker:
    return person(name, minutes, **{"shape": "exponential", "cv": 1.0, **about})


def assert_mean(sample: ArrayLike, mean: float, deviation: float | None = None) -> None:
    """Fail where the mean of independent values is too far off; `deviation` where it is known."""
    values = np.asarray(sample, dtype=float)
    error = (values.std(ddof=1) if deviation is None else deviation) / sqrt(len(values))
    assert abs(values.mean() - mean) <= SIGMAS * error, (values.mean(), mean, error)


def assert_counts(sample: ArrayLike, law: stats.rv_discrete) -> None:
    """Fail by Pearson's chi-square where whole numbers do not follow `law`, the rare ones taken together."""
    values = np.asarray(sample)
    most = int(law.isf(20 / len(values)))
    observed = np.bincount(np.minimum(values, most), minlength=most + 1)
    share = np.append(law.pmf(np.arange(most)), law.sf(most - 1))
    few = share * len(values) < 5
    if few.any():
        first = int(np.flatnonzero(~few)[0])
        observed = np.append(observed[: first + 1].sum(), observed[first + 1 :])
        share = np.append(share[: first + 1].sum(), share[first + 1 :])
    assert stats.chisquare(observed, share * len(values)).pvalue > SURE


def test_the_last_of_some_people_with_an_item_each() -> None:
    """The largest of n exponentials: mean Σ 1/i, distribution (1 - exp(-x))ⁿ."""
    n, minutes = 6, 3.0
    people = tuple(exponential(f"p{i}", minutes) for i in range(n))
    finish = outcome(Model(people, (task(range(n), range(n)),), seed=1)).finish[0]
    ranks = np.arange(1, n + 1)
    assert_mean(finish, minutes * (1 / ranks).sum(), minutes * sqrt((1 / ranks**2).sum()))
    assert stats.kstest(finish, lambda x: (1 - np.exp(-x / minutes)) ** n).pvalue > SURE


def test_the_items_of_one_person_add_up() -> None:
    """The k-th of exponential items ends after an Erlang time, of gamma ones after a gamma time."""
    exact = exponential("a", 2.0), person("b", 2.0, shape="gamma", cv=0.5)
    found = outcome(Model(exact, (task([0], [0] * 12), task([1], [1] * 12)), seed=2))
    for k in (1, 5, 12):
        assert stats.kstest(found.reached[0][k - 1], stats.gamma(k, scale=2.0).cdf).pvalue > SURE
        assert stats.kstest(found.reached[1][k - 1], stats.gamma(4 * k, scale=0.5).cdf).pvalue > SURE
    # And lognormal ones have the mean and the variance that are asked for.
    found = outcome(Model((person("c", 2.0, shape="lognormal", cv=0.5),), (task([0], [0] * 12),), seed=2))
    assert_mean(found.finish[0], 24.0, sqrt(12))


def test_the_items_of_a_part_timer_add_up_in_working_hours() -> None:
    """Half of the time, from 8 to 12 of every 24: the work done by closing time is an Erlang time."""
    days = [(24.0 * day + 8, 24.0 * day + 12) for day in range(60)]
    worker = exponential("a", 0.7, time=hours(*days, share=0.5))
    finish = outcome(Model((worker,), (task([0], [0] * 9),), seed=3)).finish[0]
    day, hour = np.divmod(finish, 24)
    assert (hour > 8).all()
    assert (hour <= 12).all()
    assert stats.kstest((day * 4 + hour - 8) / 2, stats.gamma(9, scale=0.7).cdf).pvalue > SURE


@pytest.mark.parametrize(("people", "items"), [(4, 30), (7, 7), (3, 64)])
def test_a_pool_that_is_emptied(people: int, items: int) -> None:
    """All are busy until the pool is empty, at (N - c) / c, and then one after the other is done, Σ 1/i."""
    crew = tuple(exponential(f"p{i}") for i in range(people))
    found = outcome(Model(crew, (task(range(people), items),), seed=4))
    ranks = np.arange(1, people + 1)
    mean = (items - people) / people + (1 / ranks).sum()
    assert_mean(found.finish[0], mean, sqrt((items - people) / people**2 + (1 / ranks**2).sum()))
    if items > people:
        # While all are busy, items end as a Poisson process does.
        law = stats.gamma(items - people, scale=1 / people)
        assert stats.kstest(found.reached[0][items - people - 1], law.cdf).pvalue > SURE
    # And by symmetry everybody does the same number.
    assert_mean(found.ended[0, 0], items / people)


def test_who_is_faster_does_more_of_a_pool() -> None:
    """As long as both are busy each end is a race, which the faster one wins by their rates."""
    crew = exponential("a", 1.0), exponential("b", 3.0)
    found = outcome(Model(crew, (task([0, 1], 41),), seed=5))
    # There are 40 races; who loses the last of them has the last item, so that it gives one to each.
    assert_counts(found.ended[0, 0], stats.binom(39, 0.75, loc=1))
    assert_mean(found.reached[0][39], 40 / (1 + 1 / 3), sqrt(40) / (1 + 1 / 3))


def test_rejections_of_an_item_are_geometric() -> None:
    errors, misses, rejects = 0.4, 0.25, 0.1
    again = errors * (1 - misses) + (1 - errors) * rejects
    people = exponential("a", errors=errors), exponential("b", misses=misses, rejects=rejects)
    tasks = task([0], [0]), task([1], [1], "qa", reviews=0)
    found = outcome(Model(people, tasks, seed=6))
    # scipy counts the round that succeeds, and of several items only the failures.
    assert_counts(found.rejected[0], stats.geom(1 - again, loc=-1))
    tasks = task([0], [0] * 20), task([1], 20, "qa", reviews=0)
    found = outcome(Model(people, tasks, seed=7))
    assert_counts(found.rejected[0], stats.nbinom(20, 1 - again))
    assert (found.again[0, 0] == found.rejected[0]).all()
    assert_mean(found.busy[0], 20 / (1 - again))


def test_an_item_of_several_is_ready_when_the_last_has_done_it() -> None:
    """Consensus of three, then a review: the largest of three exponentials and one more."""
    people = tuple(exponential(f"p{i}") for i in range(4))
    tasks = task([0, 1, 2], [0, 1, 2], item=[5, 5, 5]), task([3], [3], "qa", item=[5], reviews=0)
    found = outcome(Model(people, tasks, seed=8))
    # Which is the largest of four exponentials but for the order: hypoexponential of 3, 2, 1, and 1 again.
    assert_mean(found.finish[1], 1 / 3 + 1 / 2 + 1 + 1, sqrt(1 / 9 + 1 / 4 + 1 + 1))


def test_skipped_and_abandoned_shares() -> None:
    """One person who skips a fifth, for a third of the time, and abandons a tenth, which is back at once."""
    worker = exponential("a", skips=0.2, skip_takes=1 / 3, abandons=0.1)
    found = outcome(Model((worker,), (task([0], [0] * 25),), seed=9, reservation=0.0))
    # Each item needs a geometric number of goes; of those that fail two of three are skipped.
    assert_counts(found.skipped[0] + found.abandoned[0], stats.nbinom(25, 0.7))
    assert_mean(found.skipped[0], 25 * 0.2 / 0.7)
    assert_mean(found.finish[0], 25 * (0.7 + 0.1 + 0.2 / 3) / 0.7)


# An arrival process: somebody whose exponential items stream to reviewers, which makes an M/M/c queue.


def queue(arrivals: float, servers: int, customers: int, seed: int, replications: int = 2048) -> Outcome:
    people = exponential("door", 1 / arrivals), *(exponential(f"s{i}", review=1.0) for i in range(servers))
    tasks = (
        task([0], [0] * customers),
        task(range(1, servers + 1), customers, "qa", reviews=0),
    )
    return outcome(Model(people, tasks, seed=seed), replications)


def erlang_c(servers: int, load: float) -> float:
    """Return the probability that one who arrives has to wait (L. Kleinrock, *Queueing Systems* 1, §3.5)."""
    terms = np.cumprod(np.r_[1.0, load / np.arange(1, servers + 1)])
    waiting = terms[-1] / (1 - load / servers)
    return float(waiting / (terms[:-1].sum() + waiting))


def seen_by_arrivals(arrivals: float, servers: int, customers: int) -> np.ndarray:
    """Return how likely the n-th to arrive finds k there, [n, k], from an empty start: exact.

    From one arrival to the next the number falls by one with probability s / (s + λ) where s serve, again
    and again, until the next one arrives first.
    """
    seen = np.zeros((customers, customers + 1))
    seen[0, 0] = 1.0
    for n in range(1, customers):
        falling = 0.0
        for k in range(customers, -1, -1):
            there = falling + (seen[n - 1, k - 1] if k else 0.0)
            serving = min(k, servers)
            seen[n, k] = there * arrivals / (arrivals + serving)
            falling = there * serving / (arrivals + serving)
    return seen


@pytest.mark.parametrize(("arrivals", "servers"), [(0.5, 1), (1.0, 2), (1.8, 3)])
def test_waiting_for_one_of_several_reviewers(arrivals: float, servers: int) -> None:
    customers = 64
    found = queue(arrivals, servers, customers, seed=10)
    came, went = found.reached
    law = seen_by_arrivals(arrivals, servers, customers)
    assert law.sum(axis=1) == pytest.approx(1)
    # After so many the start is forgotten, and the formula of the steady state holds.
    assert law[-1, servers:].sum() == pytest.approx(erlang_c(servers, arrivals), abs=0.003)
    for n in (3, 20, customers - 1):
        there = n - (went < came[n]).sum(axis=0)
        assert_counts(there, stats.rv_discrete(values=(np.arange(customers + 1), law[n])))
    there = customers - 1 - (went < came[-1]).sum(axis=0)
    waits = erlang_c(servers, arrivals)
    assert_mean(there >= servers, waits, sqrt(waits * (1 - waits)))
    # Little's law: the time that all spend there, however they overtake each other.
    ahead = np.maximum(np.arange(customers + 1) - servers + 1, 0)
    assert_mean((went - came).sum(axis=0), customers + float((law @ ahead).sum()) / servers)
    assert_mean(found.busy[1:].sum(axis=0), customers, sqrt(customers))


def test_time_with_a_single_reviewer_is_exponential() -> None:
    """The last of many: in steady state the time in an M/M/1 queue is exponential at μ - λ."""
    found = queue(0.5, 1, 256, seed=11)
    came, went = (reached[-1] for reached in found.reached)
    assert stats.kstest(went - came, stats.expon(scale=1 / 0.5).cdf).pvalue > SURE


def test_the_urgent_wait_less() -> None:
    """Two classes without preemption (A. Cobham, *Priority assignment in waiting line problems*, 1954)."""
    arrivals, customers = 0.35, 256
    people = exponential("x", 1 / arrivals), exponential("y", 1 / arrivals), exponential("s", review=1.0)
    tasks = (
        task([0], [0] * customers),
        task([1], [1] * customers),
        task([2], customers, "qa", reviews=0, priority=1),
        task([2], customers, "qa", reviews=1, priority=3),
    )
    found = outcome(Model(people, tasks, seed=12), 1024)
    # When one class has ceased to arrive the other waits less, so that the end is left out.
    middle = slice(16, 44)
    load = 2 * arrivals
    for reviews, reviewed, wait in (
        (3, 1, load / (1 - arrivals)),
        (2, 0, load / ((1 - arrivals) * (1 - load))),
    ):
        times = (found.reached[reviews] - found.reached[reviewed])[middle].mean(axis=0)
        assert_mean(times, 1 + wait)
