"""The shape of a workforce file: its fields, and what to say each of them should be."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from taskplan.planning.shapes import Shape
from taskplan.planning.spec_shape import Email, Name, Strict
from taskplan.simulation.workforce import Shape as Distribution
from taskplan.simulation.workforce import SkippedTo

MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$"
DAYS_OFF = r"^\d{4}-\d\d-\d\d( *\.\. *\d{4}-\d\d-\d\d)?$"
DURATION = r"^\d+(\.\d+)? *[mhd]$"

Minutes = Annotated[float, Meta(gt=0, le=1_000_000)]
Below1 = Annotated[float, Meta(ge=0, lt=1)]
# What is only in the schema here is checked where it is read, which can say more.
Moment = Annotated[str, Meta(extra_json_schema={"pattern": MOMENT})]
DaysOff = Annotated[str, Meta(extra_json_schema={"pattern": DAYS_OFF})]


class Traits(Strict, frozen=True, kw_only=True):
    """What can be said of a person, or of everybody: see `Worker` and `Schedule`; None is not said."""

    minutes: Minutes | dict[str, Minutes] | None = None
    review: Minutes | None = None
    cv: Annotated[float, Meta(ge=0, le=100)] | None = None
    shape: Distribution | None = None
    hours: Literal["always"] | dict[str, str | list[str]] | None = None
    zone: Name | None = None
    holidays: Name | None = None
    off: list[DaysOff] | None = None
    share: Annotated[float, Meta(gt=0, le=1)] | None = None
    start: Moment | None = None
    end: Moment | None = None
    errors: Below1 | None = None
    misses: Below1 | None = None
    rejects: Below1 | None = None
    rework: Annotated[float, Meta(gt=0, le=1000)] | None = None
    skips: Below1 | None = None
    skip_takes: Annotated[float, Meta(ge=0, le=1000)] | None = None
    abandons: Below1 | None = None


class PersonTraits(Traits, frozen=True, kw_only=True):
    """One person."""

    email: Email


class WorkforceDocument(Strict, frozen=True, kw_only=True):
    """A taskplan workforce: who does the work, when, and how fast."""

    team: Traits = msgspec.field(default_factory=Traits)
    people: Annotated[list[Email | PersonTraits], Meta(min_length=1)] | None = None
    start: Moment | None = None
    skipped: SkippedTo = "pool"
    reservation: (
        Annotated[float, Meta(ge=0)] | Annotated[str, Meta(extra_json_schema={"pattern": DURATION})]
    ) = 1440.0
    review_after: Literal["item", "task"] = "item"
    kind: Name | None = None
    after: dict[Name, Name | list[Name]] = msgspec.field(default_factory=dict)


DEFAULTS = Traits(
    cv=0.5,
    shape="lognormal",
    hours={"mon-fri": "09:00-17:00"},
    zone="UTC",
    off=[],
    share=1.0,
    errors=0.0,
    misses=0.0,
    rejects=0.0,
    rework=1.0,
    skips=0.0,
    skip_takes=0.5,
    abandons=0.0,
)
"""What holds where neither the person nor the team says otherwise."""
REVIEW = 1 / 3
"""How long reviewing an item takes where nothing is said, as a share of annotating one."""

_RATE = "a number from 0 to below 1"
_MOMENT = "a date such as 2026-12-01 or 2026-12-01T09:00"
EXPECTED = {
    "team": "fields such as {minutes: 4}",
    "people": "a list of at least one e-mail, or {email, minutes, hours, …}",
    "email": "an e-mail address",
    "minutes": "a number above 0 and up to 1,000,000, or such numbers by kind ({'*': 4, night: 6})",
    "review": "a number above 0 and up to 1,000,000",
    "cv": "a number from 0 to 100",
    "shape": "lognormal, gamma, exponential or fixed",
    "hours": 'always, or days with times such as {mon-fri: "09:00-17:00"}',
    "zone": "a time zone such as Europe/Berlin",
    "holidays": 'a country such as DE, or a part of one such as DE-BE (Norway is "NO", in quotes)',
    "off": "a list of days such as 2026-12-24 or 2026-12-28..2027-01-01",
    "share": "a number above 0 and up to 1",
    "start": _MOMENT,
    "end": _MOMENT,
    "errors": _RATE,
    "misses": _RATE,
    "rejects": _RATE,
    "rework": "a number above 0 and up to 1000",
    "skips": _RATE,
    "skip_takes": "a number from 0 to 1000",
    "abandons": _RATE,
    "skipped": "pool, same or ignored",
    "reservation": "minutes, or a time such as 30m, 8h or 1d",
    "review_after": "item or task",
    "kind": "a field such as metadata.user.scene",
    "after": "tasks by name, such as {second: first} or {third: [first, second]}",
}
# The same, for one entry of a list.
EXPECTED_ENTRY = {
    "people": "an e-mail, or {email, minutes, hours, …}",
    "off": "a day such as 2026-12-24, or days such as 2026-12-28..2027-01-01",
}
ROOMS: tuple[tuple[re.Pattern[str], type[msgspec.Struct]], ...] = (
    (re.compile(r"people\[\d+\]"), PersonTraits),
    (re.compile(r"team"), Traits),
    (re.compile(""), WorkforceDocument),
)
SHAPE = Shape(WorkforceDocument, "a workforce with team and people", EXPECTED, EXPECTED_ENTRY, ROOMS)
