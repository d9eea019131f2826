"""What is learned, against workforces that are known; and what is said where nothing can be."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import InputError, NotFoundError
from taskplan.model.entities import TaskState
from taskplan.simulation.calibration import Calibration, calibrate
from taskplan.simulation.calibration_file import workforce_yaml
from taskplan.simulation.estimates import Sample, fit, rates
from taskplan.simulation.observations import Verdict
from taskplan.simulation.workforce_file import read_workforce, workforce_from
from tests.simulation.histories import CHECK, LABEL, item, said, table, worked

ANN, BEN, CAT, DAN, EVE = (f"{name}@example.com" for name in ("ann", "ben", "cat", "dan", "eve"))


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def drawn(generator: np.random.Generator, mean: float, cv: float, count: int) -> list[Sample]:
    spread = math.log1p(cv**2)
    logs = generator.normal(math.log(mean) - spread / 2, math.sqrt(spread), count)
    return [Sample(float(log), 1) for log in logs]


def test_true_minutes_lie_in_their_intervals_about_as_often_as_is_said() -> None:
    generator = rng(6)
    inside = dict.fromkeys((4, 15, 120), 0)
    teams, center = 60, 3.0
    of_team = 0
    for _ in range(teams):
        true = {f"{n}": center * math.exp(generator.normal(0, 0.35)) for n in range(9)}
        counts = {who: (4, 15, 120)[int(who) % 3] for who in true}
        found = fit({who: drawn(generator, true[who], 0.6, counts[who]) for who in true})
        of_team += found.team.low <= center <= found.team.high
        for who, one in found.people.items():
            inside[counts[who]] += one.low <= true[who] <= one.high
    # Nine of ten, within three standard errors of so many people that share their teams.
    for count, hits in inside.items():
        assert 0.82 <= hits / (3 * teams) <= 0.97, count
    assert 0.78 <= of_team / teams <= 1


def test_a_known_workforce_is_found_again_from_the_items_of_an_export() -> None:
    people = {ANN: (2.0, 0.5, 300), BEN: (4.0, 0.5, 250), CAT: (3.0, 0.5, 200), DAN: (5.0, 0.5, 40)}
    found = calibrate(table(worked(rng(2), people)))
    assert list(found.people) == [ANN, BEN, CAT, DAN]
    for who, (mean, cv, count) in people.items():
        one = found.people[who].minutes["*"]
        assert one.low <= mean <= one.high
        assert one.minutes == pytest.approx(mean, rel=0.15)
        assert found.people[who].cv == pytest.approx(cv, abs=0.08)
        # A night ends what was under way.
        assert count - 5 <= one.items <= count
    team = found.team.minutes["*"]
    assert team.low <= math.exp(np.mean([math.log(mean) for mean, _, _ in people.values()])) <= team.high
    assert (found.finished, found.warnings) == (sum(n + 1 for _, _, n in people.values()), ())
    assert found.breaks > 0


def test_thin_data_is_drawn_to_the_team_and_ample_data_is_not() -> None:
    people = {ANN: (2.0, 0.6, 200), BEN: (3.0, 0.6, 200), CAT: (4.5, 0.6, 200), DAN: (9.0, 0.6, 2)}
    items = worked(rng(5), people)
    alone = calibrate(table(items[-3:])).people[DAN].minutes["*"]
    found = calibrate(table(items))
    thin, ample = found.people[DAN].minutes["*"], found.people[ANN].minutes["*"]
    assert alone.weight == 1
    assert thin.weight < 0.8 < 0.97 < ample.weight
    own = math.log(alone.minutes) - alone.spread / 2
    now = math.log(thin.minutes) - thin.spread / 2
    team = math.log(found.team.minutes["*"].minutes) - found.team.minutes["*"].spread / 2
    assert now == pytest.approx(thin.weight * own + (1 - thin.weight) * team, abs=1e-9)
    assert f"{DAN}: 2 items annotated and timed, which is little to learn from" in found.warnings


@given(st.lists(st.integers(1, 40), min_size=3, max_size=6, unique=True))
@settings(max_examples=40)
def test_own_data_counts_the_more_the_more_there_is(counts: list[int]) -> None:
    # Everybody has the same spread, so that nothing but the number tells them apart.
    people = {
        str(count): [Sample(n + (-1) ** k * 0.4, 1) for k in range(2 * count)]
        for n, count in enumerate(counts)
    }
    found = fit(people)
    weights = [found.people[str(count)].weight for count in sorted(counts)]
    assert weights == sorted(weights)
    assert weights[0] < weights[-1]


@given(st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_order_of_items_changes_nothing(shuffle: random.Random) -> None:
    items = worked(rng(8), {ANN: (2, 0.5, 30), BEN: (3, 0.5, 12)}, scene="day")
    items += worked(rng(9), {ANN: (5, 0.5, 9), CAT: (3, 0.5, 12)}, scene="night", first=100, begins=9000)
    before = workforce_yaml(calibrate(table(items), kind="metadata.user.scene"))
    shuffle.shuffle(items)
    assert workforce_yaml(calibrate(table(items), kind="metadata.user.scene")) == before


def test_kinds_are_kept_apart() -> None:
    people = {ANN: (2.0, 0.4, 150), BEN: (3.0, 0.4, 150)}
    slow = {who: (5 * mean, cv, count) for who, (mean, cv, count) in people.items()}
    day = worked(rng(3), people, scene="day")
    night = worked(rng(4), slow, scene="night", first=1000, begins=30 * 1440)
    both = calibrate(table(day + night), kind="metadata.user.scene")
    alone = calibrate(table(day))
    for who, (mean, cv, _) in people.items():
        minutes = both.people[who].minutes
        assert list(minutes) == ["day", "night", "*"]
        assert minutes["day"].minutes == alone.people[who].minutes["*"].minutes
        assert minutes["night"].minutes == pytest.approx(5 * mean, rel=0.12)
        assert minutes["day"].minutes < minutes["*"].minutes < minutes["night"].minutes
        # That kinds differ is no variation within them.
        assert both.people[who].cv == pytest.approx(cv, abs=0.06)


def test_who_did_nothing_of_a_kind_gets_what_the_team_takes() -> None:
    day = worked(rng(3), {ANN: (2.0, 0.4, 60), BEN: (3.0, 0.4, 60)}, scene="day")
    night = worked(rng(4), {BEN: (8.0, 0.4, 60)}, scene="night", first=1000, begins=30 * 1440)
    found = calibrate(table(day + night), kind="metadata.user.scene")
    guessed, team = found.people[ANN].minutes["night"], found.team.minutes["night"]
    assert (guessed.items, guessed.weight, guessed.minutes) == (0, 0.0, team.minutes)
    assert "night: " in workforce_yaml(found).split("people:")[1]


def test_breaks_are_left_out_and_outliers_count_little() -> None:
    items = worked(rng(12), {ANN: (2.0, 0.3, 200), BEN: (2.0, 0.3, 200)})
    found = calibrate(table(items)).people[ANN].minutes["*"].minutes
    # Each of five telephone calls makes an item take half an hour; a sixth is a break.
    late = [item(1000 + n, said(LABEL, ANN, 90 * 1440 + n * (30 if n < 6 else 100))) for n in range(7)]
    disturbed = calibrate(table(items + late))
    assert (
        disturbed.people[ANN].minutes["*"].items == calibrate(table(items)).people[ANN].minutes["*"].items + 5
    )
    assert disturbed.people[ANN].minutes["*"].minutes == pytest.approx(found, rel=0.06)
    plain = sum([2.0] * 200 + [30.0] * 5) / 205
    assert plain > 1.3 * found


def test_what_was_set_in_bulk_counts_as_one_pause() -> None:
    singles = [Sample(math.log(2) + 0.4 * (-1) ** n, 1) for n in range(10)]
    bulk = [Sample(math.log(2), 20)]
    found = fit({ANN: singles + bulk, BEN: [Sample(s.log + 0.7, 1) for s in singles]})
    assert (found.people[ANN].items, found.people[ANN].pauses) == (30, 11)
    # Kish: 30² / (10 + 20²) is less than the ten that were timed one by one.
    assert found.people[ANN].weight < found.people[BEN].weight


def test_reviews_are_learned_apart_and_errors_where_there_are_reviews() -> None:
    generator = rng(14)
    items = worked(generator, {ANN: (2.0, 0.5, 150), BEN: (3.0, 0.5, 150), CAT: (3.0, 0.5, 8)})
    share = {ANN: 0.05, BEN: 0.3, CAT: 0.1}
    clock = 40 * 1440.0
    for document in items[:-1]:
        refs = document["metadata"]["system"]["refs"]
        clock += float(generator.lognormal(math.log(0.8), 0.3))
        wrong = generator.random() < share[refs[0]["metadata"]["creator"]]
        refs.append(said(CHECK, DAN, clock, "discard" if wrong else "approved"))
    found = calibrate(table(items))
    dan = found.people[DAN]
    assert dan.minutes == {}
    assert dan.review is not None
    assert dan.review.minutes == pytest.approx(0.8 * math.exp(0.045), rel=0.06)
    assert dan.cv == pytest.approx(math.sqrt(math.expm1(0.09)), abs=0.05)
    for who in (ANN, BEN, CAT):
        rate = found.people[who].errors
        assert rate is not None
        assert rate.low <= share[who] <= rate.high
        assert found.people[who].review is None
    assert found.team.errors is not None
    assert found.people[CAT].errors.weight < found.people[ANN].errors.weight  # type: ignore[union-attr]
    told = yaml.safe_load(workforce_yaml(found))
    assert set(told["team"]) == {"minutes", "review", "cv", "shape", "errors"}
    assert [set(person) for person in told["people"]][-1] == {"email", "review", "cv"}
    workers = workforce_from(told).resolve(start=0.0).workers
    assert workers[DAN].minutes == {"*": told["team"]["minutes"]}
    assert workers[ANN].review == told["team"]["review"]


def test_rates_lie_in_their_intervals_about_as_often_as_is_said() -> None:
    generator = rng(3)
    inside = total = 0
    for _ in range(60):
        true = {str(n): float(generator.beta(3, 30)) for n in range(6)}
        judged = [
            Verdict(who, LABEL, bool(generator.random() < share))
            for n, (who, share) in enumerate(true.items())
            for _ in range((10, 60)[n % 2])
        ]
        found = rates(judged)
        assert found is not None
        inside += sum(one.low <= true[who] <= one.high for who, one in found[1].items())
        total += len(true)
    assert 0.84 <= inside / total <= 0.97
    assert rates([]) is None


def learned(kind: str | None = None) -> Calibration:
    items = worked(rng(8), {ANN: (2, 0.5, 30), BEN: (3, 0.5, 12)}, scene="yes")
    items += worked(rng(9), {ANN: (5, 0.5, 9)}, scene='a "b": #c\nd', first=100, begins=9000)
    return calibrate(table(items), kind=kind)


def test_the_file_holds_what_was_learned_and_says_what_is_behind_it(tmp_path: Path) -> None:
    found = learned("metadata.user.scene")
    text = workforce_yaml(found, zone="Europe/Berlin")
    told = yaml.safe_load(text)
    assert told["kind"] == "metadata.user.scene"
    assert told["team"]["zone"] == "Europe/Berlin"
    ann = told["people"][0]
    assert list(ann["minutes"]) == ['a "b": #c\nd', "yes", "*"]
    for kind, one in found.people[ANN].minutes.items():
        assert ann["minutes"][kind] == pytest.approx(one.minutes, rel=0.005)
    one = found.people[ANN].minutes["yes"]
    assert f"from 30 items, own data counts {100 * one.weight:.0f} %" in text
    assert ann["cv"] == pytest.approx(found.people[ANN].cv, rel=0.005)
    assert yaml.safe_load(workforce_yaml(learned()))["people"][1]["minutes"] > 0
    assert workforce_yaml(learned()) == workforce_yaml(learned())
    path = tmp_path / "team.yaml"
    path.write_text(text, encoding="utf-8")
    workers = read_workforce(path).resolve(start=found.last).workers
    assert list(workers) == [ANN, BEN]
    assert workers[ANN].minutes == ann["minutes"]
    assert workers[BEN].cv == told["people"][1]["cv"]


def test_a_workforce_is_of_people_with_e_mails_and_of_annotators() -> None:
    items = worked(rng(8), {ANN: (2, 0.5, 9), "importer": (2, 0.5, 9)})
    text = workforce_yaml(calibrate(table(items)))
    assert [person["email"] for person in yaml.safe_load(text)["people"]] == [ANN]
    assert text.endswith("# importer is no e-mail address, and is left out.\n")
    for document in items:
        document["metadata"]["system"]["refs"][0]["metadata"]["status"] = "approved"
    with pytest.raises(InputError, match="scenes: nothing but reviews was timed"):
        workforce_yaml(calibrate(table(items)))


def test_a_task_is_chosen_by_name_or_id_and_still_marks_time_for_others() -> None:
    other = f"{9:024x}"
    items = [
        item(1, said(LABEL, ANN, 0)),
        item(2, said(other, ANN, 10)),
        item(3, said(LABEL, ANN, 12)),
        item(4, said(LABEL, ANN, 15)),
    ]
    known = TaskState(LABEL, "label", "annotation", "scenes", "open", None, 2, "", (), {})
    for name in ("label", LABEL):
        found = calibrate(table(items), [known], only=[name])
        assert (found.finished, found.timed) == (3, 2)
    with pytest.raises(NotFoundError, match='there is no task "lable"; did you mean "label"'):
        calibrate(table(items), [known], only=["lable"])


MISTAKES: list[tuple[list[Any], dict[str, Any], str]] = [
    (
        [item(1)],
        {},
        "scenes: none of 1 item has a status (completed, discard, approved or another) in a task",
    ),
    (
        [item(n, said(LABEL, ANN, 4)) for n in range(3)],
        {},
        "scenes: 3 items finished (3 completed), all at 2026-03-02 08:04 UTC, as an import in bulk leaves "
        "it: no time can be learned",
    ),
    (
        [item(n, said(LABEL, ANN, 70 * n)) for n in range(3)],
        {},
        "scenes: 3 items finished (3 completed), but no two by the same person less than 60 minutes apart",
    ),
    ([item(1)], {"gap": 0}, "--gap: expected a number of minutes > 0, got 0"),
    ([item(1)], {"gap": math.nan}, "--gap: expected a number of minutes > 0, got nan"),
    (
        [item(1, scene="day")],
        {"kind": "metadata.user.scen"},
        '--kind: no item has "metadata.user.scen"; did you mean "metadata.user.scene"?',
    ),
    (
        [item(n, scene=f"s{n}") for n in range(101)],
        {"kind": "metadata.user.scene"},
        '--kind: "metadata.user.scene" has more than 100 different values, too many for kinds of items',
    ),
    (
        [item(1, said(LABEL, ANN, None))],
        {},
        "scenes: none of 1 item has a status (completed, discard, approved or another) with a time and a "
        "person in a task",
    ),
]


@pytest.mark.parametrize(("items", "options", "message"), MISTAKES)
def test_where_nothing_can_be_learned_one_line_says_why(
    items: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        calibrate(table(items), **options)
    assert str(caught.value) == message


def test_warnings_say_where_the_data_is_thin() -> None:
    items = worked(rng(8), {ANN: (2, 0.5, 30)})
    items += [item(100 + n, said(LABEL, BEN, 7)) for n in range(3)]
    items += [item(200, said(LABEL, CAT, 7)), item(201, said(LABEL, CAT, 300))]
    items += [item(300, said(LABEL, None, 7)), item(301, said(LABEL, CAT, None))]
    assert calibrate(table(items)).warnings == (
        "left out: 1 status without a time that can be read",
        "left out: 1 status of which nobody knows who set them",
        f"{BEN}: nothing learned from 3 items, all at one time, as an import in bulk leaves it",
        f"{CAT}: nothing learned from 2 items, none less than 60 minutes after another",
        f"everything was done by {ANN}: there is no team to compare with",
    )
    slow = calibrate(table(worked(rng(8), {ANN: (30, 0.8, 40), BEN: (5, 0.2, 40)})))
    assert slow.warnings == (
        f"items may take {ANN} longer than 60 minutes, and such were left out as breaks",
    )
