"""Apportionment beside slow definitions, an outside package, real tables and the known paradoxes."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskplan.allocation.apportionment import METHODS, apportion, method_name
from taskplan.errors import InputError

WEIGHTS = st.lists(st.integers(0, 60), min_size=1, max_size=7).filter(any)
SEATS = st.integers(0, 90)
DIVISOR_METHODS = ("webster", "jefferson", "huntington-hill", "adams")


def squared_divisor(method: str, held: int) -> Fraction:
    """What a claim's squared weight is divided by."""
    return {
        "webster": Fraction(2 * held + 1, 2) ** 2,
        "jefferson": Fraction(held + 1) ** 2,
        "huntington-hill": Fraction(held * (held + 1)),
        "adams": Fraction(held) ** 2,
    }[method]


def one_by_one(weights: list[int], seats: int, method: str) -> list[int]:
    """A divisor method as its textbook tells it: each seat to the best claim, ties to the first listed."""
    counts = [0] * len(weights)
    for _ in range(seats):

        def claim(i: int) -> tuple[int, Fraction, int]:
            divisor = squared_divisor(method, counts[i])
            if weights[i] == 0:
                return (0, Fraction(0), -i)
            if divisor == 0:
                return (2, Fraction(weights[i]), -i)
            return (1, Fraction(weights[i] ** 2) / divisor, -i)

        counts[max(range(len(weights)), key=claim)] += 1
    return counts


def quota_one_by_one(weights: list[int], seats: int) -> list[int]:
    """The quota method as Balinski and Young tell it."""
    counts = [0] * len(weights)
    total = sum(weights)
    for size in range(1, seats + 1):
        eligible = [i for i, weight in enumerate(weights) if Fraction(weight * size, total) > counts[i]]
        counts[max(eligible, key=lambda i: (Fraction(weights[i], counts[i] + 1), -i))] += 1
    return counts


@pytest.mark.parametrize("method", DIVISOR_METHODS)
@given(weights=WEIGHTS, seats=SEATS)
def test_a_divisor_method_is_its_textbook_definition(method: str, weights: list[int], seats: int) -> None:
    assert apportion(weights, seats, method) == one_by_one(weights, seats, method)


@given(weights=WEIGHTS, seats=SEATS)
def test_the_quota_method_is_its_textbook_definition(weights: list[int], seats: int) -> None:
    assert apportion(weights, seats, "quota") == quota_one_by_one(weights, seats)


@given(weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=5), seats=SEATS)
def test_the_quota_method_with_any_numbers(weights: list[float], seats: int) -> None:
    scale = 2**70
    whole = [int(Fraction(weight) * scale) for weight in weights]
    assert apportion(weights, seats, "quota") == quota_one_by_one(whole, seats)


@given(weights=WEIGHTS, seats=SEATS)
def test_largest_remainder_gives_the_left_seats_to_the_largest_remainders(
    weights: list[int], seats: int
) -> None:
    quotas = [Fraction(weight * seats, sum(weights)) for weight in weights]
    counts = apportion(weights, seats, "hamilton")
    got_more = [quota - int(quota) for quota, count in zip(quotas, counts, strict=True) if count > int(quota)]
    got_none = [
        quota - int(quota) for quota, count in zip(quotas, counts, strict=True) if count == int(quota)
    ]
    assert all(count in (int(quota), int(quota) + 1) for quota, count in zip(quotas, counts, strict=True))
    assert min(got_more, default=Fraction(1)) >= max(got_none, default=Fraction(0))


@pytest.mark.parametrize("method", METHODS)
@given(weights=WEIGHTS, seats=SEATS)
def test_every_seat_is_given_and_none_without_weight(method: str, weights: list[int], seats: int) -> None:
    counts = apportion(weights, seats, method)
    assert sum(counts) == seats
    assert all(count == 0 for weight, count in zip(weights, counts, strict=True) if weight == 0)


@pytest.mark.parametrize("method", METHODS)
@given(weights=WEIGHTS, seats=SEATS, factor=st.integers(1, 9))
def test_only_proportions_count(method: str, weights: list[int], seats: int, factor: int) -> None:
    scaled = [Fraction(weight * factor, 7) for weight in weights]
    assert apportion(scaled, seats, method) == apportion(weights, seats, method)


@pytest.mark.parametrize("method", ["largest-remainder", "quota"])
@given(weights=WEIGHTS, seats=SEATS)
def test_quota_is_satisfied(method: str, weights: list[int], seats: int) -> None:
    total = sum(weights)
    for weight, count in zip(weights, apportion(weights, seats, method), strict=True):
        assert abs(count - Fraction(weight * seats, total)) < 1


@pytest.mark.parametrize("method", [*DIVISOR_METHODS, "quota"])
@given(weights=WEIGHTS, seats=SEATS)
def test_one_more_seat_takes_none_away(method: str, weights: list[int], seats: int) -> None:
    before, after = apportion(weights, seats, method), apportion(weights, seats + 1, method)
    assert sum(max(0, b - a) for b, a in zip(before, after, strict=True)) == 0


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("largest-remainder", "largest_remainder"),
        ("jefferson", "dhondt"),
        ("webster", "saintelague"),
        ("huntington-hill", "huntington"),
        ("adams", "adams"),
        ("quota", "quota"),
    ],
)
@given(weights=st.lists(st.integers(1, 5000), min_size=2, max_size=7, unique=True), seats=st.integers(1, 60))
def test_the_outside_package_agrees(ours: str, theirs: str, weights: list[int], seats: int) -> None:
    from apportionment import methods

    assume(ours not in ("huntington-hill", "adams") or seats >= len(weights))
    # Its exact mode where it has one; ties are its own, so that equal claims are left out.
    try:
        found = methods.compute(
            theirs, weights, seats, fractions=ours != "huntington-hill", tiesallowed=ours == "quota"
        )
    except methods.TiesException:
        assume(False)
    assert apportion(weights, seats, ours) == [int(count) for count in found]


@pytest.mark.parametrize("year", range(1910, 2030, 10))
def test_twelve_censuses(shared: Path, year: int) -> None:
    with (shared / "data" / "house" / f"{year}_435.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["AREA"].lower() not in ("total", "united states")]
    populations = [int(row["APPORTIONMENT_POPULATION"]) for row in rows]
    assert apportion(populations, 435, "huntington-hill") == [int(row["SEATS"]) for row in rows]


def test_the_alabama_paradox() -> None:
    """M. L. Balinski and H. P. Young: with one seat more, Hamilton takes one from the smallest."""
    assert apportion([6, 6, 2], 10, "hamilton") == [4, 4, 2]
    assert apportion([6, 6, 2], 11, "hamilton") == [5, 5, 1]
    assert apportion([6, 6, 2], 10, "quota") == [5, 4, 1]
    assert apportion([6, 6, 2], 11, "quota") == [5, 5, 1]


# Six states and 36 seats: each of the methods differs (Balinski and Young, Fair Representation).
SIX = [27744, 25178, 19951, 14610, 9225, 3292]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("adams", [10, 9, 7, 5, 3, 2]),
        ("huntington-hill", [10, 9, 7, 6, 3, 1]),
        ("webster", [10, 9, 8, 5, 3, 1]),
        ("jefferson", [11, 9, 7, 5, 3, 1]),
        ("largest-remainder", [10, 9, 7, 5, 4, 1]),
    ],
)
def test_one_table_of_the_literature(method: str, expected: list[int]) -> None:
    assert apportion(SIX, 36, method) == expected


def test_jefferson_violates_quota_for_the_largest() -> None:
    weights = [91490, 1660, 1460, 1450, 1440, 1400, 1100]
    assert apportion(weights, 100, "jefferson")[0] == 94
    assert apportion(weights, 100, "quota")[0] == 92
    assert apportion(weights, 100, "adams")[0] < 91


@pytest.mark.parametrize("method", METHODS)
def test_ties_go_to_the_first_listed(method: str) -> None:
    assert apportion([1, 1, 1, 1], 6, method) == [2, 2, 1, 1]


@pytest.mark.parametrize("method", ["huntington-hill", "adams"])
def test_at_least_one_each_where_there_are_enough(method: str) -> None:
    assert apportion([1000, 1, 0, 1], 4, method) == [2, 1, 0, 1]
    assert apportion([5, 1, 7, 5], 2, method) == [1, 0, 1, 0]


@pytest.mark.parametrize("method", METHODS)
def test_a_thousand_people_and_ten_million_items(method: str) -> None:
    weights = [1 + index * 7919 % 1000 for index in range(1000)]
    counts = apportion(weights, 10_000_000, method)
    total = sum(weights)
    assert sum(counts) == 10_000_000
    # A divisor method leaves the quota by little on such numbers.
    assert max(abs(c - Fraction(w * 10_000_000, total)) for c, w in zip(counts, weights, strict=True)) < 12


def test_exact_where_floats_are_not() -> None:
    huge = [10**30 + 1, 10**30]
    assert apportion(huge, 10**18 + 1, "webster") == [(10**18 + 2) // 2, 10**18 // 2]
    assert apportion([0.1, 0.2, 0.3], 6) == [1, 2, 3]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Hamilton", "largest-remainder"),
        ("hare", "largest-remainder"),
        ("largest_remainder", "largest-remainder"),
        ("Sainte-Laguë", "webster"),
        ("sainte-lague", "webster"),
        ("D'Hondt", "jefferson"),
        ("d-hondt", "jefferson"),
        ("dhondt", "jefferson"),
        ("Huntington Hill", "huntington-hill"),
        ("balinski-young", "quota"),
        ("ADAMS", "adams"),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert method_name(alias) == name


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        apportion([1], 1, "webstar")
    assert str(caught.value) == (
        'unknown apportionment method "webstar", expected one of largest-remainder, webster, jefferson, '
        'huntington-hill, adams, quota; did you mean "webster"?'
    )


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_unusable_weights(weights: list[int]) -> None:
    with pytest.raises(InputError) as caught:
        apportion(weights, 1)
    assert str(caught.value) == "weights must not be negative, and at least one must be above 0"


def test_unusable_seats_and_numbers() -> None:
    with pytest.raises(InputError) as caught:
        apportion([1], -1)
    assert str(caught.value) == "cannot share out -1 items"
    for weight in (float("nan"), float("inf")):
        with pytest.raises(InputError) as caught:
            apportion([1, weight], 1)
        assert str(caught.value) == f"expected finite weights, got {weight}"
    with pytest.raises(InputError) as caught:
        method_name(3)  # type: ignore[arg-type]
    assert str(caught.value) == "expected the name of an apportionment method, got 3"
