"""The workforce file: what it means, what its mistakes are called, and what `init` writes."""

from __future__ import annotations

import copy
import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from taskplan.cli.main import cli
from taskplan.errors import InputError, MissingExtraError, NotFoundError, SpecError
from taskplan.located import load_yaml
from taskplan.simulation import public_holidays, workforce_shape
from taskplan.simulation.first_workforce import first_workforce
from taskplan.simulation.workforce import Worker
from taskplan.simulation.workforce_file import read_workforce, workforce_from, workforce_schema
from tests.documents import places, values

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "team.yaml"
START = datetime.fromisoformat("2026-12-01T00:00Z").timestamp() * 1000

ANN = "people: [ann@example.com]\n"
TEAM = "team:\n  minutes: 4\n"
MISTAKES = {
    "": "team.yaml: expected a workforce with team and people, got nothing",
    "- a": 'team.yaml: expected a workforce with team and people, got ["a"]',
    "team: [": "team.yaml:1: is not YAML: expected the node content, but found '<stream end>'",
    "team: 3": "team.yaml:1 team: expected fields such as {minutes: 4}, got 3",
    "{}": 'team.yaml:1 team: "minutes" is missing; it may stand in team, for everybody',
    ANN: 'team.yaml:1 people[0]: "minutes" is missing; it may stand in team, for everybody',
    "teem: {}": 'team.yaml:1 teem: unknown field; did you mean "team"?',
    TEAM + "  minuts: 3\n": 'team.yaml:3 team.minuts: unknown field; did you mean "minutes"?',
    TEAM + "people:\n  - {email: a@b.c, zome: UTC}\n": (
        'team.yaml:4 people[0].zome: unknown field; did you mean "zone"?'
    ),
    TEAM + "people: []\n": (
        "team.yaml:3 people: expected a list of at least one e-mail, or {email, minutes, hours, …}, got []"
    ),
    TEAM + "people: [ann]\n": (
        'team.yaml:3 people[0]: expected an e-mail, or {email, minutes, hours, …}, got "ann"'
    ),
    TEAM + "people: [{minutes: 3}]\n": 'team.yaml:3 people[0]: "email" is missing',
    TEAM + "people: [a@b.c, {email: A@b.c}]\n": "team.yaml:3 people[1]: a@b.c is listed twice",
    "team: {minutes: 0}": (
        "team.yaml:1 team.minutes: expected a number above 0 and up to 1,000,000, or such numbers by kind "
        "({'*': 4, night: 6}), got 0"
    ),
    "team: {minutes: .inf}": "team.yaml:1 team.minutes: expected a finite number, got inf",
    "kind: k\nteam:\n  minutes: {'*': 4, night: slow}\n": (
        "team.yaml:3 team.minutes: expected a number above 0 and up to 1,000,000, or such numbers by kind "
        '({\'*\': 4, night: 6}), got {"*":4,"night":"slow"}'
    ),
    "kind: k\nteam: {minutes: {night: 4}}\n": (
        'team.yaml:2 team.minutes: "*" is missing: the minutes of items of any other kind'
    ),
    "team: {minutes: {'*': 4, night: 6}}\n": (
        "team.yaml:1 team.minutes: names kinds of items, but the file has no kind; "
        "kind: metadata.user.scene says by which field kinds differ"
    ),
    TEAM + "  review: fast\n": (
        'team.yaml:3 team.review: expected a number above 0 and up to 1,000,000, got "fast"'
    ),
    TEAM + "  cv: -1\n": "team.yaml:3 team.cv: expected a number from 0 to 100, got -1",
    TEAM + "  shape: normal\n": (
        'team.yaml:3 team.shape: expected lognormal, gamma, exponential or fixed, got "normal"'
    ),
    TEAM + "  shape: fixed\n  cv: 0.5\n": "team.yaml:4 team.cv: of the shape fixed it is 0; leave it out",
    TEAM + "  errors: 1\n": "team.yaml:3 team.errors: expected a number from 0 to below 1, got 1",
    TEAM + "  misses: 1\n": "team.yaml:3 team.misses: expected a number from 0 to below 1, got 1",
    TEAM + "  rejects: -0.1\n": "team.yaml:3 team.rejects: expected a number from 0 to below 1, got -0.1",
    TEAM + "  rework: 0\n": "team.yaml:3 team.rework: expected a number above 0 and up to 1000, got 0",
    TEAM + "  skip_takes: -1\n": "team.yaml:3 team.skip_takes: expected a number from 0 to 1000, got -1",
    TEAM + "  share: 0\n": "team.yaml:3 team.share: expected a number above 0 and up to 1, got 0",
    TEAM + "  share: 50%\n": 'team.yaml:3 team.share: expected a number above 0 and up to 1, got "50%"',
    TEAM + "  skips: 0.5\npeople:\n  - {email: a@b.c, abandons: 0.5}\n": (
        "team.yaml:5 people[0].abandons: skips and abandons are 1 or more together, "
        "so that nothing would get done"
    ),
    TEAM + "  hours: 9-5\n": (
        "team.yaml:3 team.hours: expected always, or days with times such as "
        '{mon-fri: "09:00-17:00"}, got "9-5"'
    ),
    TEAM + "  hours: {mon: 9}\n": (
        "team.yaml:3 team.hours: expected always, or days with times such as "
        '{mon-fri: "09:00-17:00"}, got {"mon":9}'
    ),
    TEAM + "  hours: {}\n": "team.yaml:3 team.hours: expected times of at least one day",
    TEAM + "  hours:\n    monday: 09:00-17:00\n": (
        'team.yaml:4 team.hours.monday: "monday" is no day; did you mean "mon"?'
    ),
    TEAM + "  hours: {x-fri: 09:00-17:00}\n": (
        'team.yaml:3 team.hours.x-fri: "x" is no day; expected days such as mon-fri or sat,sun'
    ),
    TEAM + "  hours: {mon: 9-17}\n": (
        'team.yaml:3 team.hours.mon: expected times such as "09:00-12:30, 13:30-17:30", got "9-17"'
    ),
    TEAM + '  hours: {mon: ["09:00-12:00", "13:00-25:00"]}\n': (
        "team.yaml:3 team.hours.mon[1]: expected times of a day, 00:00 to 24:00, got 13:00-25:00"
    ),
    TEAM + "  hours: {mon: 09:00-09:00}\n": (
        'team.yaml:3 team.hours.mon: 09:00-09:00 is no time at all; a whole day is "00:00-24:00"'
    ),
    TEAM + "  hours:\n    mon-fri: 09:00-17:00\n    fri: 09:00-12:00\n": (
        "team.yaml:5 team.hours.fri: fri stands here and in mon-fri"
    ),
    TEAM + '  hours: {mon: "09:00-13:00, 12:00-17:00"}\n': (
        "team.yaml:3 team.hours.mon: mon 12:00-17:00 overlaps with mon 09:00-13:00"
    ),
    TEAM + "  hours:\n    mon: 05:00-07:00\n    sun: 22:00-06:00\n": (
        "team.yaml:4 team.hours.mon: mon 05:00-07:00 overlaps with sun 22:00-06:00"
    ),
    TEAM + "  zone: Europe/Berln\n": (
        'team.yaml:3 team.zone: there is no time zone "Europe/Berln"; did you mean "Europe/Berlin"?'
    ),
    TEAM + "  holidays: de-be\n": 'team.yaml:3 team.holidays: there is no country "de"; did you mean "DE"?',
    TEAM + "  holidays: DE-XX\n": (
        'team.yaml:3 team.holidays: DE has no part "XX"; expected one of DE-BB, DE-BE, DE-BW, DE-BY, DE-HB, '
        "DE-HE, DE-HH, DE-MV, DE-NI, DE-NW, DE-RP, DE-SH, DE-SL, DE-SN, DE-ST, DE-TH, DE-Augsburg"
    ),
    TEAM + "  holidays: NO\n": (
        "team.yaml:3 team.holidays: expected a country such as DE, or a part of one such as DE-BE "
        '(Norway is "NO", in quotes), got false'
    ),
    TEAM + "  off: 2026-12-24\n": (
        "team.yaml:3 team.off: expected a list of days such as 2026-12-24 or 2026-12-28..2027-01-01, "
        'got "2026-12-24"'
    ),
    TEAM + "  off: [2026-12-24, 2026-02-30]\n": (
        "team.yaml:3 team.off[1]: expected a day such as 2026-12-24, or days such as "
        '2026-12-28..2027-01-01, got "2026-02-30"'
    ),
    TEAM + "  off: [2026-12-24, 3]\n": (
        "team.yaml:3 team.off[1]: expected a day such as 2026-12-24, or days such as "
        "2026-12-28..2027-01-01, got 3"
    ),
    TEAM + "  off: [2027-01-02..2027-01-01]\n": (
        "team.yaml:3 team.off[0]: ends before it begins: 2027-01-02..2027-01-01"
    ),
    TEAM + "  hours: always\n  off: [2026-12-24]\n": (
        'team.yaml:4 team.off: always is without days off; hours: {mon-sun: "00:00-24:00"} leaves them out'
    ),
    TEAM + "  hours: always\npeople:\n  - {email: a@b.c, holidays: DE}\n": (
        "team.yaml:5 people[0].holidays: always is without days off; "
        'hours: {mon-sun: "00:00-24:00"} leaves them out'
    ),
    TEAM + "  start: soon\n": (
        'team.yaml:3 team.start: expected a date such as 2026-12-01 or 2026-12-01T09:00, got "soon"'
    ),
    TEAM + "  end: 2026-13-01\n": (
        'team.yaml:3 team.end: expected a date such as 2026-12-01 or 2026-12-01T09:00, got "2026-13-01"'
    ),
    TEAM + "start: 1812-06-24\n": "team.yaml:3 start: expected a year from 1970 to 2499, got 1812-06-24",
    TEAM + "start: 20261201\n": (
        "team.yaml:3 start: expected a date such as 2026-12-01 or 2026-12-01T09:00, got 20261201"
    ),
    TEAM + "  start: 2026-12-01\npeople:\n  - {email: a@b.c, end: 2026-11-01}\n": (
        "team.yaml:5 people[0].end: they end 2026-11-01, which is not after their start, 2026-12-01"
    ),
    TEAM + "  end: 2026-12-01\npeople:\n  - {email: a@b.c, start: 2026-12-01}\n": (
        "team.yaml:5 people[0].start: they end 2026-12-01, which is not after their start, 2026-12-01"
    ),
    TEAM + "skipped: away\n": 'team.yaml:3 skipped: expected pool, same or ignored, got "away"',
    TEAM + "review_after: all\n": 'team.yaml:3 review_after: expected item or task, got "all"',
    TEAM + "reservation: 1w\n": (
        'team.yaml:3 reservation: expected minutes, or a time such as 30m, 8h or 1d, got "1w"'
    ),
    TEAM + "reservation: -1\n": (
        "team.yaml:3 reservation: expected minutes, or a time such as 30m, 8h or 1d, got -1"
    ),
    TEAM + f"reservation: {'9' * 400}d\n": "team.yaml:3 reservation: expected a finite number",
    TEAM + "kind: 3\n": "team.yaml:3 kind: expected a field such as metadata.user.scene, got 3",
    # What is wrong in the team is told, though everybody says otherwise.
    TEAM + "  hours: {mon: 9-17}\npeople:\n  - {email: a@b.c, hours: always}\n": (
        'team.yaml:3 team.hours.mon: expected times such as "09:00-12:30, 13:30-17:30", got "9-17"'
    ),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=[m[10:60] for m in MISTAKES.values()])
def test_a_mistake_is_one_exact_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("team.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_workforce(Path("team.yaml"))
    assert str(caught.value) == message


def test_a_workforce_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.yaml: no such file$"):
        read_workforce(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match=r": is a folder, expected a workforce$"):
        read_workforce(tmp_path)


def test_holidays_without_the_library_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    public_holidays._countries.cache_clear()
    with pytest.raises(MissingExtraError, match=r'pip install "taskplan\[simulation\]"'):
        workforce_from({"team": {"minutes": 4, "holidays": "DE"}})
    workforce_from({"team": {"minutes": 4, "holidays": "none"}})


def test_every_field_has_words_for_what_it_should_be() -> None:
    fields = {info.name for _, struct in workforce_shape.ROOMS for info in msgspec.structs.fields(struct)}
    assert fields == workforce_shape.EXPECTED.keys()


def one(team: dict[str, Any] | None = None, start: float = START, **own: Any) -> Worker:
    """The worker that comes out of a team and what one person says."""
    data = {
        "kind": "k",
        "team": {"minutes": 4, **(team or {})},
        "people": [{"email": "Ann@Example.com", **own}],
    }
    return workforce_from(data).resolve(start=start).worker("ann@example.com")


def test_who_says_nothing_has_the_defaults() -> None:
    ann = one()
    plain = Worker("ann@example.com", ann.time, {"*": 4.0}, review=4 / 3)
    assert ann == plain
    # 2026-12-01 is a Tuesday; nine to five, UTC.
    assert ann.time.opens[:2].tolist() == [540, 1980]
    assert ann.time.closes[:2].tolist() == [1020, 2460]
    assert (ann.time.share, ann.time.leaves) == (1, np.inf)


def test_a_persons_fields_are_over_those_of_the_team() -> None:
    team = {"errors": 0.1, "cv": 0.7, "zone": "Asia/Tokyo", "off": ["2026-12-01"], "review": 2, "share": 0.5}
    ann = one(team, errors=0, hours={"tue": "10:00-11:00"}, off=[])
    assert (ann.errors, ann.cv, ann.review, ann.time.share) == (0, 0.7, 2, 0.5)
    # Ten in Tokyo is one in the night, UTC.
    assert (ann.time.opens[0], ann.time.closes[0]) == (60, 120)
    assert one(team, hours={"tue": "10:00-11:00"}).time.opens[0] == 7 * 1440 + 60


def test_minutes_by_kind_are_merged() -> None:
    by_kind = {"minutes": {"*": 4, "night": 8}}
    assert one(by_kind, minutes={"tunnel": 9, "night": 6}).minutes == {"*": 4, "night": 6, "tunnel": 9}
    assert one(by_kind).minutes == {"*": 4, "night": 8}
    # One number is for items of every kind.
    assert one(by_kind, minutes=5).minutes == {"*": 5}
    assert one(by_kind, minutes=6).review == 2
    assert one({"minutes": 4}, minutes={"night": 6}).minutes == {"*": 4, "night": 6}


def test_a_shape_without_choice_has_its_own_variation() -> None:
    assert one({"cv": 0.7}, shape="exponential").cv == 1
    assert one({"cv": 0.7}, shape="fixed").cv == 0
    assert one({"shape": "fixed"}, shape="gamma", cv=0.2).cv == 0.2


@pytest.mark.parametrize(
    ("hours", "opens", "closes"),
    [
        ({"tue": "09:00-12:30, 13:30-17:30"}, [540, 810], [750, 1050]),
        ({"tue": ["9:00-12:30", "13:30-17:30"]}, [540, 810], [750, 1050]),
        ({"Tue , wed": "09:00 - 10:00"}, [540, 1980], [600, 2040]),
        # Over the weekend and around.
        ({"sun-wed": "09:00-10:00"}, [540, 1980], [600, 2040]),
        ({"tue": "20:00-24:00", "wed": "00:00-01:00"}, [1200], [1500]),
        ({"mon": "22:00-06:00", "tue": []}, [0], [360]),
        ({"mon-sun": "00:00-24:00"}, [0], []),
        ("always", [0], [np.inf]),
    ],
)
def test_hours(hours: Any, opens: list[float], closes: list[float]) -> None:
    time = one(hours=hours).time
    assert time.opens[: len(opens)].tolist() == opens
    assert time.closes[: len(closes)].tolist() == closes


def test_days_off_and_holidays() -> None:
    team = {"holidays": "DE-BE", "off": ["2026-12-01", "2026-12-03 .. 2026-12-24"]}

    def days(worker: Worker) -> list[int]:
        return sorted({1 + int(minute // 1440) for minute in worker.time.opens if minute < 31 * 1440})

    assert days(one(team)) == [2, 28, 29, 30, 31]
    assert days(one(team, holidays="none")) == [2, 25, 28, 29, 30, 31]
    assert days(one(team, hours="always")) == [1]


def test_first_and_last_day_are_in_the_persons_zone() -> None:
    zone = {"zone": "America/New_York"}
    time = one(zone, start=START, hours={"mon-sun": "00:00-24:00"}, end="2026-12-02").time
    assert (time.opens[0], time.closes[-1], time.leaves) == (0, 1740, 1740)
    away = workforce_from(
        {"team": {"minutes": 1, **zone}, "people": [{"email": "a@b.c", "start": "2026-12-03"}]}
    )
    assert away.resolve(start=START).worker("a@b.c").time.opens[0] == 2 * 1440 + 14 * 60
    exact = one(zone, end="2026-12-02T10:00+09:00").time
    assert exact.leaves == 25 * 60


def test_who_is_listed_is_there_and_without_a_list_everybody_is() -> None:
    team = {"minutes": 4}
    listed = workforce_from({"team": team, "people": ["Ann@example.com", {"email": "ben@example.com"}]})
    assert list(listed.resolve(["cat@example.com"], START).workers) == ["ann@example.com", "ben@example.com"]
    with pytest.raises(NotFoundError) as caught:
        listed.resolve(["bem@example.com"], START).worker("bem@example.com")
    assert str(caught.value) == (
        "workforce people: nothing is said of bem@example.com, who has work in the plan; "
        'did you mean "ben@example.com"? Else add - bem@example.com under people, or leave people out'
    )
    everybody = workforce_from({"team": team}).resolve(["Cat@example.com", "cat@example.com"], START)
    assert list(everybody.workers) == ["cat@example.com"]
    assert everybody.worker("CAT@example.com").minutes == {"*": 4}


def test_what_holds_for_all() -> None:
    data = {
        "team": {"minutes": 4, "zone": "Europe/Berlin"},
        "start": "2026-12-01T09:00",
        "skipped": "same",
        "reservation": "8h",
        "review_after": "task",
        "kind": "metadata.user.scene",
    }
    made = workforce_from(data, source="mine").resolve([])
    assert (made.start, made.skipped, made.reservation) == (START + 8 * 3_600_000, "same", 480)
    assert (made.kind, made.streaming, made.source) == ("metadata.user.scene", False, "mine")
    assert workforce_from(data).resolve([], START).start == START
    for given_, minutes in ((90, 90), ("30m", 30), ("1.5 h", 90), ("1d", 1440)):
        assert workforce_from({**data, "reservation": given_}).reservation == minutes
    plain = workforce_from({"team": {"minutes": 4}}).resolve([], START)
    assert (plain.skipped, plain.reservation, plain.streaming, plain.kind) == ("pool", 1440, True, None)


def test_without_any_start_both_ways_to_give_one_are_named() -> None:
    unknown = workforce_from({"team": {"minutes": 4}})
    with pytest.raises(InputError) as caught:
        unknown.resolve([])
    assert str(caught.value) == (
        "workforce: nothing says when the work begins; "
        "write start: 2026-12-01T09:00 into the file, or give --start"
    )
    for far in (np.nan, np.inf, -1.0, 1e15):
        with pytest.raises(InputError, match="expected a start from 1970 to 2499"):
            unknown.resolve([], far)
    assert (
        len(workforce_from({"team": {"minutes": 4}, "start": "2499-12-31"}).resolve(["a@b.c"]).workers) == 1
    )


def test_dates_may_be_dates() -> None:
    data = {
        "start": datetime(2026, 12, 1, 9),
        "team": {"minutes": 4, "off": [date(2026, 12, 2)], "end": date(2027, 1, 1)},
    }
    text = {
        "start": "2026-12-01T09:00:00",
        "team": {"minutes": 4, "off": ["2026-12-02"], "end": "2027-01-01"},
    }
    assert workforce_from(data).digest == workforce_from(text).digest


def test_the_digest_is_of_what_is_said_not_how(tmp_path: Path) -> None:
    texts = [
        "team: {minutes: 4, cv: 0.5}\nskipped: same\n",
        "# mine\nskipped: same\nteam:\n  cv: 0.5\n  minutes: 4\n",
        "team: {minutes: 4, cv: 0.4}\nskipped: same\n",
    ]
    digests = []
    for text in texts:
        (tmp_path / "team.yaml").write_text(text, encoding="utf-8")
        digests.append(read_workforce(tmp_path / "team.yaml").digest)
    assert digests[0] == digests[1] != digests[2]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digests[0])


FULL: dict[str, Any] = {
    "team": {
        "minutes": {"*": 4, "night": 8},
        "review": 1,
        "cv": 0.6,
        "shape": "gamma",
        "hours": {"mon-fri": "09:00-17:00", "sat": ["10:00-12:00"]},
        "zone": "Europe/Berlin",
        "holidays": "DE-BE",
        "off": ["2026-12-24", "2026-12-28..2027-01-01"],
        "share": 0.5,
        "start": "2026-12-01",
        "end": "2027-03-01T12:00Z",
        "errors": 0.05,
        "skips": 0.1,
        "abandons": 0.1,
        "rework": 2,
    },
    "people": [
        "ann@example.com",
        {"email": "ben@example.com", "minutes": 6, "hours": {"mon": "22:00-06:00"}},
    ],
    "start": "2026-12-01T09:00",
    "skipped": "pool",
    "reservation": "1d",
    "review_after": "item",
    "kind": "metadata.user.scene",
}


@given(st.sampled_from(places(FULL)[1:]), values)
def test_whatever_stands_in_a_field_is_taken_or_told_in_a_line(place: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(FULL)
    room: Any = data
    for key in place[:-1]:
        room = room[key]
    room[place[-1]] = value
    try:
        made = workforce_from(data).resolve(["cat@example.com"], START)
    except SpecError as error:
        told = str(error)
    else:
        told = ""
    if told:
        assert re.match(r"workforce (team|people|start|skipped|reservation|review_after|kind)\b.*: ", told)
        assert "\n" not in told
        return
    for worker in made.workers.values():
        edges = np.column_stack([worker.time.opens, worker.time.closes]).ravel()
        assert np.all(np.diff(edges) > 0)
    # What is taken, an editor takes too.
    jsonschema.Draft202012Validator(workforce_schema()).validate(data)


def test_the_schema_accepts_the_example_and_the_first_workforce() -> None:
    check = jsonschema.Draft202012Validator(workforce_schema())
    jsonschema.Draft202012Validator.check_schema(workforce_schema())
    for text in (EXAMPLE.read_text(encoding="utf-8"), first_workforce(), first_workforce(())):
        check.validate(load_yaml(text, None).data)
    check.validate(FULL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"teem": {}},
        {"team": {"minutes": 0}},
        {"team": {"hours": "9-5"}},
        {"team": {"share": 2}},
        {"team": {"errors": 1}},
        {"team": {"off": ["Christmas"]}},
        {"people": []},
        {"people": ["nobody"]},
        {"people": [{"minutes": 3}]},
        {"start": "soon"},
        {"reservation": "1w"},
    ],
)
def test_the_schema_refuses_what_the_file_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(workforce_schema()).validate(wrong)
    with pytest.raises(SpecError):
        workforce_from({"team": {"minutes": 4}, **wrong})


def test_the_example_is_the_people_of_the_demo() -> None:
    made = read_workforce(EXAMPLE).resolve([])
    assert [email.partition("@")[0] for email in made.workers] == ["ann", "ben", "cat", "dan", "eve"]
    assert all(len(worker.time.opens) for worker in made.workers.values())


@given(st.lists(st.emails(), max_size=3, unique_by=str.lower))
def test_a_first_workforce_names_whoever_it_is_for(emails: list[str]) -> None:
    emails = [email for email in emails if re.fullmatch(r"[^@\s]+@[^@\s:;,=<>()]+", email)]
    data = load_yaml(first_workforce(emails), None).data
    found = workforce_from(data)
    assert list(found.people or ()) == [email.lower() for email in emails]
    assert found.start is not None


def init(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["init", *args])
    if isinstance(done.exception, InputError):
        return done.exception.exit_code, str(done.exception)
    return done.exit_code, done.output


def test_init_writes_a_workforce_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert init("--workforce") == (0, "team.yaml written\n")
    assert init("mine.yaml", "--workforce") == (0, "mine.yaml written\n")
    assert Path("mine.yaml").read_bytes() == Path("team.yaml").read_bytes()
    assert "ann@example.com" in read_workforce(Path("team.yaml")).resolve([]).workers
    Path("mine.yaml").write_text("mine", encoding="utf-8")
    assert init("mine.yaml", "--workforce") == (2, "mine.yaml: exists already and is left as it is")
    assert Path("mine.yaml").read_text(encoding="utf-8") == "mine"
    assert init("none/mine.yaml", "--workforce") == (2, "none: there is no such folder")
    assert init() == (0, "spec.yaml written; next: taskplan import PATH, then taskplan plan spec.yaml\n")


def test_what_is_commented_out_in_a_first_workforce_can_be_said() -> None:
    lines = first_workforce().splitlines()
    said = [re.sub(r"^(\s*)# (?=\w+: |- )", r"\1", line) for line in lines]
    assert sum(a != b for a, b in zip(lines, said, strict=True)) == 6
    made = workforce_from(load_yaml("\n".join(said), None).data).resolve([])
    assert made.kind == "metadata.user.scene"
    assert made.worker("dan@example.com").minutes == {"*": 6}
    assert made.worker("ann@example.com").errors == 0.05


def test_init_prints_the_schema_of_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert msgspec.json.decode(init("--workforce", "--schema")[1]) == workforce_schema()
    assert msgspec.json.decode(init("--schema")[1])["title"] == "taskplan spec"
    assert not list(tmp_path.iterdir())
