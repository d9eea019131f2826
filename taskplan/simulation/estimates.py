"""From what was observed to numbers of people: minutes of an item, how much they vary, and errors.

Minutes are lognormal. Of each person the mean and the variance of log minutes are estimated and drawn towards
the team's, the less data there is, the more (`taskplan.simulation.shrinkage`); the mean is
exp(μ + σ²/2). Outliers are winsorised: log minutes further than 3 standard deviations from
the person's median, by the median absolute deviation, count as if they lay there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import median

from taskplan.simulation.observations import Observation, Verdict
from taskplan.simulation.shrinkage import Spreads, digamma, moderate, shrink, shrink_shares, trigamma

_Z = 1.6448536269514722
"""Of intervals that hold the true value in nine of ten cases, fewer where few people have little data."""
_FAR = 3 * 1.482602218505602
"""Three standard deviations, in median absolute deviations of a normal distribution."""
_OWN_SCALE = 8
"""So many observations tell how far is far; with fewer the team's scatter does."""
_LEAST, _MOST = 1e-4, math.log(10)
"""The variances of log minutes that are believed: variation of 1 % and of 300 %."""
_ASSUMED = math.log(1.25)
"""The variance where nobody has two observations: half of the mean, as a workforce has it by default."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean `minutes` of an item with its interval, and `spread`, the variance of log minutes.

    `items` stand behind it, timed by so many `pauses`; `weight` (0 to 1) is what they count
    against the team's.
    """

    minutes: float
    low: float
    high: float
    spread: float
    items: int
    pauses: int
    weight: float

    @property
    def cv(self) -> float:
        """The standard deviation of minutes as a share of the mean."""
        return coefficient(self.spread)


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of reviewed work that was sent back, with its interval; `weight` as in `Estimate`."""

    rate: float
    low: float
    high: float
    reviewed: int
    sent_back: int
    weight: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What holds for a typical person of the team, and for each."""

    team: Estimate
    people: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Sample:
    """A time between two statuses: log minutes of one item, and how many items share it."""

    log: float
    items: int


def coefficient(spread: float) -> float:
    """Return the coefficient of variation of a lognormal distribution with this variance of logs."""
    return math.sqrt(math.expm1(spread))


def samples(observations: Iterable[Observation]) -> dict[str, list[Sample]]:
    """Return everybody's samples, people and times in order."""
    shared: dict[tuple[str, int], list[float]] = {}
    for one in observations:
        shared.setdefault((one.person, one.pause), []).append(one.minutes)
    found: dict[str, list[Sample]] = {}
    for (person, _), minutes in sorted(shared.items()):
        found.setdefault(person, []).append(Sample(math.log(minutes[0]), len(minutes)))
    return found


def fit(given: Mapping[str, Sequence[Sample]]) -> Fit:
    """Estimate everybody's minutes; somebody without samples gets what is to be expected of anybody.

    ValueError where nobody has a sample.
    """
    cells = {who: _cell(found) for who, found in _winsorised(given).items() if found}
    if not cells:
        raise ValueError("nobody has a sample")
    degrees = [cell.size - 1 for cell in cells.values()]
    spreads = (
        moderate([cell.variance for cell in cells.values()], degrees)
        if max(degrees) > 0
        else Spreads(_ASSUMED, 1.0, (_ASSUMED,) * len(cells), (1.0,) * len(cells))
    )
    shrunk = shrink(
        [cell.mean for cell in cells.values()],
        [spread / cell.size for spread, cell in zip(spreads.variances, cells.values(), strict=True)],
    )
    center, doubt = shrunk.center, shrunk.center_variance
    typical = spreads.scale, min(spreads.prior_degrees or math.inf, max(fsum(degrees), 1.0))
    others = float(len(cells) - 1) or math.inf
    nothing = _Cell(0.0, 0.0, 0.0, 0, 0)
    people = {
        who: _estimate(center, doubt + shrunk.between, others, typical, nothing, 0.0)
        for who in given.keys() - cells.keys()
    }
    for number, (who, cell) in enumerate(cells.items()):
        spread = spreads.variances[number], spreads.degrees[number]
        known = shrunk.means[number], shrunk.variances[number], shrunk.degrees[number]
        people[who] = _estimate(*known, spread, cell, shrunk.weights[number])
    items, pauses = sum(c.items for c in cells.values()), sum(c.pauses for c in cells.values())
    everybody = _Cell(0.0, 0.0, 0.0, items, pauses)
    team = _estimate(center, doubt, others, typical, everybody, 1.0)
    return Fit(team, {who: people[who] for who in sorted(people)})


def _estimate(
    mean: float, doubt: float, degrees: float, spread: tuple[float, float], cell: _Cell, weight: float
) -> Estimate:
    """Make an estimate of the mean of log minutes, with its variance `doubt`, and of their variance `spread`.

    The interval is that of D. R. Cox for a lognormal mean (X.-H. Zhou and S. Gao (1997), Stat. Med. 16,
    783-790), with the exact variance of log σ² and the fewer of both degrees of freedom.
    """
    variance, behind = spread[0], max(spread[1], 1.0)
    middle = mean + variance / 2
    error = math.sqrt(doubt + (variance / 2) ** 2 * trigamma(behind / 2))
    reach = _t(max(min(degrees, behind), 1.0)) * error
    low, minutes, high = (math.exp(value) for value in (middle - reach, middle, middle + reach))
    return Estimate(minutes, low, high, variance, cell.items, cell.pauses, weight)


def _t(degrees: float) -> float:
    """Return Student's quantile by its expansion around the normal one (Abramowitz and Stegun 26.7.5)."""
    first = (_Z**3 + _Z) / (4 * degrees)
    return _Z + first + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * degrees**2)


@dataclass(frozen=True, slots=True)
class _Cell:
    mean: float
    variance: float
    size: float
    items: int
    pauses: int


def _cell(found: Sequence[Sample]) -> _Cell:
    """Sum samples up, each weighted with its items; `size` is Kish's effective number of them."""
    items = sum(sample.items for sample in found)
    squares = sum(sample.items**2 for sample in found)
    mean = fsum(sample.items * sample.log for sample in found) / items
    scatter = fsum(sample.items * (sample.log - mean) ** 2 for sample in found)
    variance = scatter / (items - squares / items) if len(found) > 1 else 0.0
    return _Cell(mean, min(max(variance, _LEAST), _MOST), items**2 / squares, items, len(found))


def _winsorised(given: Mapping[str, Sequence[Sample]]) -> dict[str, list[Sample]]:
    middles = {who: median(sample.log for sample in found) for who, found in given.items() if found}
    apart = {
        who: [abs(sample.log - middles[who]) for sample in found] for who, found in given.items() if found
    }
    everybody = [distance for own in apart.values() if len(own) > 1 for distance in own]
    result: dict[str, list[Sample]] = {}
    for who, found in given.items():
        scale = median(apart[who] if len(found) >= _OWN_SCALE else everybody or [0.0]) if found else 0.0
        if scale == 0:
            result[who] = list(found)
            continue
        low, high = middles[who] - _FAR * scale, middles[who] + _FAR * scale
        result[who] = [Sample(min(max(sample.log, low), high), sample.items) for sample in found]
    return result


def rates(verdicts: Iterable[Verdict]) -> tuple[Rate, dict[str, Rate]] | None:
    """Estimate how much of everybody's work is sent back, and of a typical person's; None without reviews."""
    reviewed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for verdict in verdicts:
        reviewed[verdict.person] += 1
        wrong[verdict.person] += verdict.wrong
    if not reviewed:
        return None
    people = sorted(reviewed)
    cases, hits = [reviewed[who] for who in people], [wrong[who] for who in people]
    shares = shrink_shares(hits, cases)
    found = {
        who: _rate(shares.alpha[n], shares.beta[n], cases[n], hits[n], shares.weights[n])
        for n, who in enumerate(people)
    }
    if len(people) == 1:
        return found[people[0]], found
    size = shares.size
    team = _rate(shares.center * size, (1 - shares.center) * size, sum(cases), sum(hits), 1.0)
    return team, found


def _rate(alpha: float, beta: float, reviewed: int, sent_back: int, weight: float) -> Rate:
    """Make a rate with a beta distribution; of its logit the variance is known exactly."""
    middle = digamma(alpha) - digamma(beta)
    reach = _Z * math.sqrt(trigamma(alpha) + trigamma(beta))
    low, high = (1 / (1 + math.exp(-logit)) for logit in (middle - reach, middle + reach))
    return Rate(alpha / (alpha + beta), low, high, reviewed, sent_back, weight)
