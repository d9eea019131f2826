"""The strategies `equal` and `weighted`: what they promise, and what they refuse."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskplan.allocation.apportionment import METHODS, apportion
from taskplan.allocation.problem import Assignee, Ordering, Problem
from taskplan.allocation.strategies.equal import Equal
from taskplan.allocation.strategies.weighted import Weighted
from taskplan.allocation.workload import platform_counts
from taskplan.errors import InfeasibleError, InputError
from taskplan.testing import (
    check_balance,
    check_coverage,
    check_determinism,
    check_quota,
    check_renaming,
)
from taskplan.testing.strategies import problems

FREE = ("as-listed", "interleaved", "shuffled", "stratified")
METHOD = st.sampled_from(list(METHODS)).map(Weighted)


NOTHING_LEFT = "percentages add up to 100, which leaves nothing for b@x.io"


def people(**shares: dict[str, float]) -> tuple[Assignee, ...]:
    return tuple(Assignee(f"{name}@x.io", **share) for name, share in shares.items())  # type: ignore[arg-type]


@given(problems(shares=["none"]))
def test_equal_gives_every_item_once(problem: Problem) -> None:
    check_coverage(problem, Equal().allocate(problem))


@given(problems(shares=["none"], kinds=FREE))
def test_equal_counts_differ_by_at_most_one_and_the_first_get_more(problem: Problem) -> None:
    allocation = Equal().allocate(problem)
    check_balance(problem, allocation)
    check_quota(problem, allocation)
    assert allocation.counts.tolist() == sorted(allocation.counts.tolist(), reverse=True)
    assert allocation.certificate.optimal


@given(problems(), METHOD)
def test_weighted_gives_every_item_once(problem: Problem, strategy: Weighted) -> None:
    check_coverage(problem, strategy.allocate(problem))


@given(problems(kinds=FREE), METHOD)
def test_weighted_treats_equals_alike(problem: Problem, strategy: Weighted) -> None:
    check_balance(problem, strategy.allocate(problem))


@given(problems(kinds=FREE), st.sampled_from(["largest-remainder", "quota"]))
def test_weighted_satisfies_quota(problem: Problem, method: str) -> None:
    allocation = Weighted(method).allocate(problem)
    check_quota(problem, allocation)
    assert allocation.certificate.measures["quota"] == "satisfied"


@given(problems(kinds=FREE))
def test_largest_remainder_reaches_its_bound(problem: Problem) -> None:
    certificate = Weighted().allocate(problem).certificate
    assert (certificate.ratio, certificate.optimal) == (1.0, True)


@given(problems(), METHOD)
def test_a_certificate_is_never_better_than_its_bound(problem: Problem, strategy: Weighted) -> None:
    certificate = strategy.allocate(problem).certificate
    assert certificate.bound <= certificate.value + 1e-12
    assert certificate.optimal == (certificate.value <= certificate.bound)
    assert 0 < certificate.measures["jain"] <= 1 + 1e-12  # type: ignore[operator]


@given(problems(), METHOD)
def test_the_same_problem_has_the_same_answer(problem: Problem, strategy: Weighted) -> None:
    check_determinism(strategy, problem)


@given(problems(), METHOD)
def test_names_do_not_matter(problem: Problem, strategy: Weighted) -> None:
    check_renaming(strategy, problem)


@given(problems(shares=["none"]))
def test_equal_is_deterministic_and_blind_to_names(problem: Problem) -> None:
    check_determinism(Equal(), problem)
    check_renaming(Equal(), problem)


@given(problems(shares=["none"]))
def test_weighted_without_shares_is_equal(problem: Problem) -> None:
    for method in METHODS:
        weighted = Weighted(method).allocate(problem)
        assert weighted.counts.tolist() == Equal().allocate(problem).counts.tolist()


@given(problems(shares=["percent"], kinds=["as-listed"]))
def test_percentages_are_split_as_the_platform_splits(problem: Problem) -> None:
    percentages = {person.email: person.percent or 0.0 for person in problem.assignees}
    expected = platform_counts(percentages, problem.n_items)
    assert Weighted("jefferson").allocate(problem).counts.tolist() == expected


@given(problems(shares=["count"], kinds=["as-listed"]))
def test_fixed_counts_are_kept(problem: Problem) -> None:
    allocation = Weighted().allocate(problem)
    for person, count in zip(problem.assignees, allocation.counts.tolist(), strict=True):
        assert person.count in (None, count)


@pytest.mark.parametrize("method", METHODS)
def test_weights_go_through_the_named_method(method: str) -> None:
    weights = [27744.0, 25178.0, 19951.0, 14610.0, 9225.0, 3292.0]
    assignees = tuple(Assignee(f"p{i}@x.io", weight=weight) for i, weight in enumerate(weights))
    counts = Weighted(method).allocate(Problem(36, assignees)).counts
    assert counts.tolist() == apportion(weights, 36, method)


def test_counts_first_then_weights_and_no_share_is_weight_one() -> None:
    assignees = people(a={"weight": 3.0}, b={"count": 2}, c={})
    allocation = Weighted().allocate(Problem(10, assignees))
    assert allocation.assignees == ("a@x.io", "b@x.io", "c@x.io")
    assert allocation.counts.tolist() == [6, 2, 2]
    assert [allocation.rows_of(i).tolist() for i in range(3)] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]


def test_percentages_of_what_fixed_counts_leave() -> None:
    assignees = people(a={"percent": 75.0}, b={"count": 20}, c={"percent": 25.0})
    assert Weighted().allocate(Problem(100, assignees)).counts.tolist() == [60, 20, 20]


@pytest.mark.parametrize("strategy", [Equal(), Weighted()])
def test_no_items_one_person_more_people_than_items(strategy: Equal | Weighted) -> None:
    three = people(a={}, b={}, c={})
    for ordering in ("as-listed", "interleaved", "shuffled", "stratified", "grouped"):
        keys = np.zeros(0, dtype=np.int64)
        nothing = strategy.allocate(Problem(0, three, Ordering(ordering, "k"), keys))
        assert nothing.counts.tolist() == [0, 0, 0]
        assert nothing.order.tolist() == []
        assert (nothing.certificate.ratio, nothing.certificate.optimal) == (1.0, True)
    assert strategy.allocate(Problem(5, three[:1])).order.tolist() == [0, 1, 2, 3, 4]
    assert strategy.allocate(Problem(2, three)).counts.tolist() == [1, 1, 0]


def test_e_mails_are_lower_cased() -> None:
    assert Equal().allocate(Problem(1, (Assignee("Ana@X.io"),))).assignees == ("ana@x.io",)


NOBODY = "nobody to give items to: expected at least one assignee"


@pytest.mark.parametrize("strategy", [Equal(), Weighted()])
@pytest.mark.parametrize(
    ("assignees", "message"),
    [
        ((), NOBODY),
        ((Assignee("a@x.io"), Assignee("b@x.io"), Assignee("A@x.io")), "a@x.io is listed twice"),
    ],
)
def test_people_that_are_refused(
    strategy: Equal | Weighted, assignees: tuple[Assignee, ...], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        strategy.allocate(Problem(3, assignees))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("share", "told"),
    [({"weight": 2.0}, "weight 2"), ({"percent": 50}, "percent 50"), ({"count": 0}, "count 0")],
)
def test_equal_takes_no_shares(share: dict[str, float], told: str) -> None:
    with pytest.raises(InputError) as caught:
        Equal().allocate(Problem(3, people(a={}, b=share)))
    assert str(caught.value) == (
        f'strategy "equal" takes no shares, but b@x.io has {told}; use strategy "weighted"'
    )


@pytest.mark.parametrize(
    ("assignees", "message"),
    [
        (people(a={"weight": 1.0, "count": 2}), "a@x.io has weight and count, expected one of them"),
        (people(a={"weight": 0.0}), "expected a weight > 0 for a@x.io, got 0"),
        (people(a={"weight": float("nan")}), "expected a weight > 0 for a@x.io, got nan"),
        (people(a={"weight": float("inf")}), "expected a weight > 0 for a@x.io, got inf"),
        (people(a={"count": -1}), "expected a count ≥ 0 for a@x.io, got -1"),
        (people(a={"percent": 50.0}, b={"percent": 49.6}), "percentages add up to 99.6, expected 100"),
        (people(a={"percent": 100.0}, b={"weight": 1.0}), NOTHING_LEFT),
        (people(a={"percent": 100.0}, b={}), NOTHING_LEFT),
    ],
)
def test_shares_that_weighted_refuses(assignees: tuple[Assignee, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Weighted().allocate(Problem(10, assignees))
    assert str(caught.value) == message


def test_fixed_counts_that_do_not_fit() -> None:
    with pytest.raises(InfeasibleError) as caught:
        Weighted().allocate(Problem(1000, people(a={"count": 1200}, b={"count": 1})))
    assert str(caught.value) == "fixed counts ask for 1,201 items, but there are 1,000"
    with pytest.raises(InfeasibleError) as caught:
        Weighted().allocate(Problem(20, people(a={"count": 5}, b={"count": 3})))
    assert str(caught.value) == (
        "12 items are left over: everyone's count is fixed, 8 in all "
        "(leave somebody's count out, or limit the task to 8)"
    )
    with pytest.raises(InfeasibleError) as caught:
        Weighted().allocate(Problem(6, people(a={"count": 5})))
    assert str(caught.value) == (
        "1 item is left over: everyone's count is fixed, 5 in all "
        "(leave somebody's count out, or limit the task to 5)"
    )


@pytest.mark.parametrize("kind", ["stratified", "grouped"])
@pytest.mark.parametrize("keys", [None, np.zeros(2, dtype=np.int64)])
def test_orderings_that_need_keys(kind: str, keys: np.ndarray | None) -> None:
    with pytest.raises(InputError) as caught:
        Equal().allocate(Problem(3, people(a={}), Ordering(kind, "k"), keys))  # type: ignore[arg-type]
    assert str(caught.value) == f'the ordering "{kind}" needs a key for each item'


def test_an_unknown_ordering_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        Equal().allocate(Problem(3, people(a={}), Ordering("shufled")))  # type: ignore[arg-type]
    assert str(caught.value) == (
        'unknown ordering "shufled", expected one of as-listed, interleaved, shuffled, stratified, grouped; '
        'did you mean "shuffled"?'
    )


@given(
    st.integers(0, 200),
    st.lists(st.sampled_from(["percent", "weight", "count", "none"]), min_size=1, max_size=6),
)
def test_mixed_shares_are_exact_and_rounded_within_an_item(items: int, kinds: list[str]) -> None:
    """Counts first, percentages of what they leave, the rest by weight."""
    shares = {"percent": {"percent": 10.0}, "weight": {"weight": 2.0}, "count": {"count": 3}, "none": {}}
    team = people(**{f"p{n}": shares[kind] for n, kind in enumerate(kinds)})
    fixed = 3 * kinds.count("count")
    loads = 2 * kinds.count("weight") + kinds.count("none")
    assume(loads > 0)
    assume(fixed <= items)
    rest = items - fixed
    left = Fraction(100 - 10 * kinds.count("percent"), 100)
    exact = {
        "percent": Fraction(rest, 10),
        "weight": rest * left * 2 / loads,
        "count": Fraction(3),
        "none": rest * left / loads,
    }
    found = Weighted().allocate(Problem(items, team))
    assert int(found.counts.sum()) == items
    for kind, count in zip(kinds, found.counts.tolist(), strict=True):
        assert abs(count - exact[kind]) < 1
