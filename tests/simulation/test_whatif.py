"""What-if questions: what they may say, and that a change changes what it names and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.apportionment import apportion
from taskplan.errors import InputError
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import POOL, Model
from taskplan.simulation.whatif import SETTABLE, Added, Changed, Removed, changed, parse_changes
from taskplan.simulation.workforce import OTHER, WorkingTime
from tests.simulation.models import hours, person, task
from tests.simulation.planned import ANN, BEN, CAT, plan_of, review, staged
from tests.simulation.planned import task as planned_task

A, B, C, D = range(4)

MEANT = [
    ("+1 annotator", (Added(1, "annotation"),)),
    ("+ 20 Annotators", (Added(20, "annotation"),)),
    ("+2 reviewers", (Added(2, "qa"),)),
    ("+1000reviewer", (Added(1000, "qa"),)),
    ("-Ben@Example.com", (Removed(BEN),)),
    ("- ben@example.com", (Removed(BEN),)),
    ("ann@example.com minutes=3", (Changed(ANN, "minutes", 3.0),)),
    ("ANN@example.com  Errors = 0.02", (Changed(ANN, "errors", 0.02),)),
    ("all share=1", (Changed(None, "share", 1.0),)),
    (
        " -ben@example.com ,+1 annotator, all cv=0 ",
        (Removed(BEN), Added(1, "annotation"), Changed(None, "cv", 0)),
    ),
]


@pytest.mark.parametrize(("text", "meaning"), MEANT)
def test_what_is_meant(text: str, meaning: tuple[Any, ...]) -> None:
    assert parse_changes(text) == meaning


FORMS = (
    'expected "+1 annotator", "+2 reviewers", "-ben@example.com", "ann@example.com minutes=3" or '
    '"all errors=0.02", got '
)
MISTAKES = [
    ("", FORMS + '""'),
    ("more people", FORMS + '"more people"'),
    ("+1", FORMS + '"+1"'),
    ("+1.5 annotators", FORMS + '"+1.5 annotators"'),
    ("-1 annotator", FORMS + '"-1 annotator"'),
    ("+1 annotator,", FORMS + '"" in "+1 annotator,"'),
    ("-ben@example.com, ann minutes=3", FORMS + '"ann minutes=3" in "-ben@example.com, ann minutes=3"'),
    ("+0 annotators", 'expected 1 to 1,000 people to add, got "+0 annotators"'),
    ("+1001 reviewers", 'expected 1 to 1,000 people to add, got "+1001 reviewers"'),
    ("all minuts=3", f'"minuts" cannot be set, only {", ".join(SETTABLE)}; did you mean "minutes"?'),
    ("all zone=3", f'"zone" cannot be set, only {", ".join(SETTABLE)}'),
    ("all minutes=0", 'expected a number > 0 and ≤ 1,000,000 in "all minutes=0"'),
    ("all minutes=inf", 'expected a number > 0 and ≤ 1,000,000 in "all minutes=inf"'),
    ("all minutes=few", 'expected a number > 0 and ≤ 1,000,000 in "all minutes=few"'),
    ("all cv=-1", 'expected a number ≥ 0 and < 100 in "all cv=-1"'),
    ("all share=0", 'expected a number > 0.0001 and ≤ 1 in "all share=0"'),
    ("all share=1.5", 'expected a number > 0.0001 and ≤ 1 in "all share=1.5"'),
    ("all errors=1", 'expected a number ≥ 0 and < 0.95 in "all errors=1"'),
    ("all errors=nan", 'expected a number ≥ 0 and < 0.95 in "all errors=nan"'),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_what_cannot_be_meant(text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_changes(text)
    assert str(caught.value) == f"--what-if: {told}"


def test_a_number_of_any_length_is_refused() -> None:
    with pytest.raises(InputError, match="expected 1 to 1,000 people"):
        parse_changes(f"+{'9' * 5000} annotators")


visible = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
words = st.sampled_from(
    ["+", "-", "1", "٣", "annotator", "reviewers", "all", "a@b.c", "minutes", "=", "1e9", " ", ","]
)


questions = st.one_of(
    st.text(visible, max_size=20),
    st.lists(words, max_size=12).map("".join),
    st.lists(st.sampled_from([text for text, _ in MEANT]), min_size=1, max_size=3).map(", ".join),
)


@given(questions)
def test_any_text_is_understood_or_refused_in_one_line(text: str) -> None:
    told = ""
    try:
        found = parse_changes(text)
    except InputError as error:
        told = str(error)
    assert len(told.splitlines()) == 1 if told else len(found) == text.count(",") + 1


SIX = (A, A, A, B, B, C)
MODEL = Model(
    (
        person("a", 2, review=1, errors=0.1),
        person("b", 4, review=2, errors=0.3, shape="lognormal", cv=0.5),
        person("c", 6, hours((0, 90)), review=3),
        person("d", 9, review=9),
    ),
    (task([A, B, C], SIX), task([D], [D] * 6, "qa", reviews=0), task([A, B], 4, batch=3, maximum=5)),
)


def after(text: str, model: Model = MODEL, exams: tuple[int, ...] = ()) -> Model:
    return changed(model, parse_changes(text), exams)


def shares(model: Model, index: int = 0) -> dict[str, int]:
    """Return everybody's number of items, by name."""
    counts = {
        model.people[p].email.partition("@")[0]: int((model.tasks[index].owner == p).sum())
        for p in model.tasks[index].people
    }
    pool = int((model.tasks[index].owner == POOL).sum())
    return counts | ({"": pool} if pool else {})


def test_who_is_added_is_as_the_others_are_on_average() -> None:
    found = after("+1 annotator")
    new = found.people[-1]
    assert new.email == "annotator+1"
    assert new.minutes == {OTHER: 4}
    assert (new.review, new.shape) == (2, "fixed")
    assert [new.errors, new.cv] == pytest.approx([0.4 / 3, 0.5 / 3])
    # Of three two are there always.
    assert new.time.closes.tolist() == [np.inf]
    assert found.people[:4] == MODEL.people
    reviewer = after("+1 reviewer").people[-1]
    assert (reviewer.email, reviewer.minutes, reviewer.review) == ("reviewer+1", {OTHER: 9}, 9)


def test_who_is_added_has_the_hours_of_those_who_stay() -> None:
    leaving = hours((0, 40), leaves=40)

    def added(*times: WorkingTime) -> WorkingTime:
        people = tuple(person(name, time=time) for name, time in zip("abc", times, strict=True))
        return after("+1 annotator", Model(people, (task([A, B, C], SIX),))).people[-1].time

    assert added(leaving, leaving, hours((5, 90))).closes.tolist() == [90]
    assert added(leaving, hours((5, 90)), hours((5, 90))).opens.tolist() == [5]
    assert added(hours(), hours((5, 90)), hours((5, 90))).opens.tolist() == [5]
    # Where all leave, nothing is known of later.
    last = hours((0, 50), leaves=50)
    assert added(leaving, leaving, last).leaves == 50


def test_who_is_added_has_all_kinds_of_minutes() -> None:
    people = replace(MODEL.people[A], minutes={OTHER: 2, "night": 10}), *MODEL.people[1:]
    assert after("+1 annotator", replace(MODEL, people=people)).people[-1].minutes == {
        OTHER: 4,
        "night": 20 / 3,
    }


def test_who_is_added_gets_a_share_and_the_others_keep_their_proportions() -> None:
    found = after("+1 annotator")
    # Of 3 : 2 : 1 : 2 items the largest remainders of 6 are those of a, c and, listed first, b.
    assert shares(found) == dict(zip("abc", apportion([3, 2, 1, 2], 6)[:3], strict=True)) | {"annotator+1": 1}
    assert shares(found, 2) == {"a": 0, "b": 0, "annotator+1": 0, "": 4}
    assert found.tasks[1] is MODEL.tasks[1]
    assert shares(after("+2 reviewers"), 1) == {"d": 2, "reviewer+1": 2, "reviewer+2": 2}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 4))
def test_proportions_are_kept_as_well_as_whole_items_can(counts: list[int], more: int) -> None:
    people = tuple(person(f"p{n}") for n in range(len(counts)))
    owner = [p for p, count in enumerate(counts) for _ in range(count)]
    found = after(f"+{more} annotators", Model(people, (task(range(len(counts)), owner),)))
    total, mean = sum(counts), sum(counts) / len(counts)
    for p in range(len(counts) + more):
        weight = counts[p] if p < len(counts) else mean
        share = total * weight / (total + more * mean)
        assert abs(int((found.tasks[0].owner == p).sum()) - share) < 1


def test_one_more_twice_is_two_more() -> None:
    for model in (MODEL, staged(plan_of(17, planned_task(people=[ANN, BEN, CAT]), review())).model):
        once = after("+2 annotators", model)
        twice = after("+1 annotator, +1 annotator", model)
        assert [p.email for p in twice.people] == [p.email for p in once.people]
        assert [p.minutes for p in twice.people] == [p.minutes for p in once.people]
        for mine, theirs in zip(twice.tasks, once.tasks, strict=True):
            assert mine.people == theirs.people
            np.testing.assert_array_equal(mine.owner, theirs.owner)


def test_whose_work_is_nobodys_goes_to_the_others() -> None:
    found = after("-b@example.com")
    assert shares(found) == {"a": 5, "c": 1}
    assert shares(found, 2) == {"a": 0, "": 4}
    assert found.people == MODEL.people
    # In any order, as all is handed out in the end.
    assert (
        shares(after("-b@example.com, -c@example.com"))
        == shares(after("-c@example.com, -b@example.com"))
        == {"a": 6}
    )
    assert shares(after("-b@example.com, +1 annotator")) == {"a": 3, "c": 1, "annotator+1": 2}


def test_who_had_nothing_gets_all_where_nobody_else_is_left() -> None:
    model = Model((person("a"), person("b"), person("c")), (task([A, B, C], [A] * 4),))
    assert shares(after("+1 annotator", model)) == {"a": 2, "b": 0, "c": 0, "annotator+1": 2}
    assert shares(after("-a@example.com", model)) == {"b": 2, "c": 2}


def test_everybody_of_a_qualification_does_all_of_it() -> None:
    plan = plan_of(4, planned_task("exam", quality={"kind": "qualification"}), review("exam"))
    model = staged(plan).model
    more = after("+1 annotator", model, (0,))
    assert shares(more) == {"ann": 4, "ben": 4, "annotator+1": 4}
    assert sorted(more.tasks[0].item.tolist()) == sorted(
        model.tasks[0].item.tolist() + model.tasks[1].item.tolist()
    )
    assert shares(after("-ann@example.com", model, (0,))) == {"ben": 4}
    found = simulate(after("-ann@example.com, +2 annotators", model, (0,)), 1)
    assert found.ended[0, :, 0].tolist() == [0, 4, 0, 4, 4]
    assert found.ended[1, :, 0].tolist() == [0, 0, 4, 0, 0]


def test_what_is_set() -> None:
    people = replace(MODEL.people[A], minutes={OTHER: 2, "night": 10}), *MODEL.people[1:]
    model = replace(MODEL, people=people)
    ann = after("a@example.com minutes=3", model).people[A]
    # Who takes half as long again does so whatever it is.
    assert ann.minutes == {OTHER: 3, "night": 15}
    assert after("a@example.com share=0.25").people[A].time.share == 0.25
    for field in ("review", "errors", "misses", "rejects", "rework", "skips", "abandons"):
        found = after(f"all {field}=0.25", model)
        assert found.people == tuple(replace(p, **{field: 0.25}) for p in people)  # type: ignore[arg-type]
        assert found.tasks == model.tasks
    assert after("b@example.com cv=2").people[B].cv == 2


IMPOSSIBLE = [
    ("-bb@example.com", 'bb@example.com has no work in the plan; did you mean "b@example.com"?'),
    ("zoe@elsewhere.org cv=1", "zoe@elsewhere.org has no work in the plan"),
    ("-d@example.com", "d@example.com is the only one who works on qa"),
    ("-a@example.com, -b@example.com", "b@example.com is the only one who works on annotation"),
    ("a@example.com cv=1", "cv says nothing of a@example.com, whose minutes are fixed"),
    ("all skips=0.5, b@example.com abandons=0.5", "b@example.com would never finish anything"),
]


@pytest.mark.parametrize(("text", "told"), IMPOSSIBLE)
def test_what_does_not_fit_the_plan(text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        after(text)
    assert str(caught.value) == f"--what-if: {told}"


def test_there_is_nobody_to_be_like() -> None:
    model = replace(MODEL, tasks=MODEL.tasks[:1])
    with pytest.raises(InputError, match=r"^--what-if: the plan has no qa task to add people to$"):
        after("+1 reviewer", model)


def test_random_numbers_are_shared() -> None:
    """Everybody's first pieces take as long as without the one who was added."""
    people = tuple(person(name, 3, shape="gamma", cv=0.7) for name in "ab")
    model = Model(people, (task([A, B], [A] * 6 + [B] * 6),), seed=5)
    more = after("+1 annotator", model)
    assert shares(more) == {"a": 4, "b": 4, "annotator+1": 4}
    before, now = simulate(model, 20), simulate(more, 20)
    fewer = replace(model, tasks=(task([A, B], [A] * 4 + [B] * 4),))
    np.testing.assert_array_equal(now.last[0, :2], simulate(fewer, 20).last[0])
    assert (now.last[0, :2] < before.last[0]).all()
    assert (now.last[0, 2] > 0).all()


def test_the_same_question_has_the_same_answer() -> None:
    text = "+2 annotators, -c@example.com, all errors=0.2, b@example.com minutes=7"
    first, second = simulate(after(text), 5), simulate(after(text), 5)
    np.testing.assert_array_equal(first.finish, second.finish)
    assert np.isfinite(first.finish).all()
