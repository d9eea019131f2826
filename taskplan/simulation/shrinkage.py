"""What many estimates say together about each of them: empirical Bayes, in closed forms and scalar maths.

Sums are exact (`math.fsum`), so that the order in which estimates are given changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Estimates drawn towards their common centre.

    `between` is the variance between the true values, `center` their mean and `center_variance` how
    well that is known. Of each estimate `weights` (0 to 1) is what its own data counts, `means` and
    `variances` what is known of the true value then, and `degrees` the degrees of freedom of that.
    """

    center: float
    center_variance: float
    between: float
    means: tuple[float, ...]
    variances: tuple[float, ...]
    weights: tuple[float, ...]
    degrees: tuple[float, ...]


def posterior(mean: float, variance: float, center: float, between: float) -> tuple[float, float, float]:
    """Return mean, variance and own weight of a normal value with a normal prior, all of them known."""
    weight = between / (between + variance)
    return center + weight * (mean - center), weight * variance, weight


def between_variance(means: Sequence[float], variances: Sequence[float]) -> float:
    """Return the variance between true values, of estimates with these sampling variances (> 0).

    The root of Σ (yᵢ - ȳ)² / (vᵢ + τ²) = n - 1, or 0 where the estimates differ by less than chance: the
    moment estimator of R. C. Paule and J. Mandel (1982), J. Res. Natl. Bur. Stand. 87, 377-385,
    which is also that of R. E. Fay and R. A. Herriot (1979), JASA 74, 269-277.
    """
    if len(means) < 2 or _excess(means, variances, 0.0) <= 0:
        return 0.0
    # Each term is at most (yᵢ - y)² / τ² for any y, and the sum of those is n - 1 here at the latest.
    middle = fsum(means) / len(means)
    low, high = 0.0, fsum((mean - middle) ** 2 for mean in means) / (len(means) - 1)
    for _ in range(_HALVINGS):
        half = (low + high) / 2
        if half in (low, high):
            break
        low, high = (half, high) if _excess(means, variances, half) > 0 else (low, half)
    return high


def _excess(means: Sequence[float], variances: Sequence[float], between: float) -> float:
    center, _ = _center(means, variances, between)
    spread = fsum((mean - center) ** 2 / (v + between) for mean, v in zip(means, variances, strict=True))
    return spread - (len(means) - 1)


def _center(means: Sequence[float], variances: Sequence[float], between: float) -> tuple[float, float]:
    precision = fsum(1 / (variance + between) for variance in variances)
    total = fsum(mean / (variance + between) for mean, variance in zip(means, variances, strict=True))
    return total / precision, 1 / precision


def shrink(means: Sequence[float], variances: Sequence[float]) -> Shrunk:
    """Draw estimates with these sampling variances (> 0) towards their centre; one alone stays as it is.

    The variances hold what estimating the centre and `between` adds (g₁ + g₂ + 2g₃ of N. G. N. Prasad and
    J. N. K. Rao (1990), JASA 85, 163-171, with the variance of the moment estimator by G. S.
    Datta, J. N. K. Rao and D. D. Smith (2005), Biometrika 92, 183-196; the small term for its
    bias, which would make them smaller, is left out). That part has n - 1 degrees of freedom, combined
    as F. E. Satterthwaite (1946) does. Where all of it says less than the estimate's own data does
    alone, that is taken.
    """
    others = len(means) - 1
    between = between_variance(means, variances)
    center, center_variance = _center(means, variances, between)
    if not others:
        return Shrunk(center, center_variance, between, tuple(means), tuple(variances), (1.0,), (math.inf,))
    between_error = 2 * len(means) * center_variance**2
    found = []
    for mean, variance in zip(means, variances, strict=True):
        middle, own, weight = posterior(mean, variance, center, between)
        of_between = variance**2 / (variance + between) ** 3 * between_error
        of_others = (1 - weight) ** 2 * center_variance + 2 * of_between
        total = own + of_others
        degrees = others * (total / of_others) ** 2
        alone = variance + (middle - mean) ** 2
        # Compared as the variances of Student's distributions, of which two degrees of freedom have none.
        if degrees <= 2 or alone < total * degrees / (degrees - 2):
            total, degrees = alone, math.inf
        found.append((middle, total, weight, degrees))
    middles, errors, weights, freedom = zip(*found, strict=True)
    return Shrunk(center, center_variance, between, middles, errors, weights, freedom)


@dataclass(frozen=True, slots=True)
class Spreads:
    """Variances drawn towards a common one, `scale`, that counts as `prior_degrees` of freedom (or infinity).

    `degrees` are those behind each of `variances`, the common ones included.
    """

    scale: float
    prior_degrees: float
    variances: tuple[float, ...]
    degrees: tuple[float, ...]


def moderate(variances: Sequence[float], degrees: Sequence[float]) -> Spreads:
    """Draw sample variances (> 0) with these degrees of freedom towards a common one.

    The conjugate prior fitted by moments of log variances: G. K. Smyth (2004), Stat. Appl. Genet. Mol.
    Biol. 3(1), 3; the variance between them as in `between_variance`. A variance without degrees of
    freedom becomes the common one. ValueError where none has any.
    """
    known = [(v, d) for v, d in zip(variances, degrees, strict=True) if d > 0]
    if not known:
        raise ValueError("no variance is known")
    if len(known) == 1:
        scale, prior = known[0][0], 0.0
    else:
        logs = [math.log(v) - digamma(d / 2) + math.log(d / 2) for v, d in known]
        noise = [trigamma(d / 2) for _, d in known]
        between = between_variance(logs, noise)
        if between > 0:
            half = _inverse_trigamma(between)
            prior = 2 * half
            scale = math.exp(_center(logs, noise, between)[0] + digamma(half) - math.log(half))
        else:
            prior = math.inf
            scale = fsum(v * d for v, d in known) / fsum(d for _, d in known)
    total = fsum(d for _, d in known)
    found = []
    for variance, own in zip(variances, degrees, strict=True):
        if own <= 0 or prior == math.inf:
            # The common variance is known no better than all the data says.
            found.append((scale, min(prior, total) if prior else total))
        else:
            found.append(((prior * scale + own * variance) / (prior + own), prior + own))
    moderated, behind = zip(*found, strict=True)
    return Spreads(scale, prior, moderated, behind)


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of what was counted, drawn towards the common one.

    `center`, which is known as well as from `size` cases, counts as `strength` cases. Of each, `alpha` and
    `beta` are the parameters of its beta distribution, whose mean is alpha / (alpha + beta), and
    `weights` what its own cases count.
    """

    center: float
    size: float
    strength: float
    alpha: tuple[float, ...]
    beta: tuple[float, ...]
    weights: tuple[float, ...]


def shrink_shares(hits: Sequence[int], cases: Sequence[int]) -> Shares:
    """Draw the shares hits / cases (cases > 0) towards the common one: beta-binomial.

    The prior is fitted by moments: J. C. Kleinman (1973), JASA 68, 46-54, its strength with cases as
    weights, then its centre with what cases count that are alike within a share. It counts as
    one case at least, and at most as many as there are of one on average: few shares may well
    look alike by chance, and intervals would be too narrow. One alone gets Jeffreys' prior.
    """
    if len(cases) == 1:
        strength, center, size = 1.0, 0.5, 1.0
    else:
        strength = _strength(hits, cases)
        counts = [n * (strength + 1) / (strength + n) for n in cases]
        center = _center_share(hits, cases, counts)
        size = fsum(counts) + 1
    alpha = tuple(center * strength + x for x in hits)
    beta = tuple((1 - center) * strength + n - x for x, n in zip(hits, cases, strict=True))
    return Shares(center, size, strength, alpha, beta, tuple(n / (n + strength) for n in cases))


def _center_share(hits: Sequence[int], cases: Sequence[int], counts: Sequence[float]) -> float:
    """Return the mean share by what cases count, drawn towards a half by one case more.

    So neither 0 nor 1 is taken for certain.
    """
    mean = fsum(x / n * count for x, n, count in zip(hits, cases, counts, strict=True)) / fsum(counts)
    return (mean * sum(cases) + 0.5) / (sum(cases) + 1)


def _strength(hits: Sequence[int], cases: Sequence[int]) -> float:
    total, chance = sum(cases), len(cases) - 1
    center = _center_share(hits, cases, cases)
    spread = fsum(n * (x / n - center) ** 2 for x, n in zip(hits, cases, strict=True))
    room = total - fsum(n * n for n in cases) / total - chance
    correlation = (spread / (center * (1 - center)) - chance) / room if room > 0 else 0.0
    most = total / len(cases)
    return min(max(1 / correlation - 1, 1.0), most) if correlation > 0 else most


def digamma(x: float) -> float:
    """Return ψ(x) for x > 0 to about 12 digits (Abramowitz and Stegun 6.3.18, after the recurrence)."""
    steps = 0.0
    while x < 8:
        steps -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return steps + math.log(x) - 1 / (2 * x) - series


def trigamma(x: float) -> float:
    """Return ψ′(x) for x > 0 to about 12 digits (Abramowitz and Stegun 6.4.12)."""
    steps = 0.0
    while x < 8:
        steps += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    series = 1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * 691 / 2730))))
    return steps + 1 / x + y / 2 + y / x * series


def _inverse_trigamma(value: float) -> float:
    """Return x > 0 with ψ′(x) = value > 0: bisection, for ψ′ falls from infinity to 0."""
    low, high = 0.0, 1.0
    while trigamma(high) > value:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        half = (low + high) / 2
        if half in (low, high):
            break
        low, high = (half, high) if trigamma(half) > value else (low, half)
    return high
