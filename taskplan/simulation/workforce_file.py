"""The workforce file: who does the work, when and how fast, as YAML, checked field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from taskplan.errors import InputError, SpecError
from taskplan.located import Located, is_too_deep, load_yaml, plain
from taskplan.planning.shapes import Place, read_text
from taskplan.simulation.profiles import Layer, Profile, check_layer, pointing_at, profile
from taskplan.simulation.workforce import SkippedTo, Worker, Workforce
from taskplan.simulation.workforce_fields import LATEST, YEARS, read_duration, read_moment
from taskplan.simulation.workforce_shape import DEFAULTS, SHAPE, PersonTraits, Traits, WorkforceDocument


@dataclass(frozen=True, slots=True)
class WorkforceFile:
    """A checked workforce file; `document` is the data as given, `digest` (``sha256:…``) stands for it.

    `people` are those listed, by lower-cased e-mail; where the file lists nobody it is None, and
    `anybody` is what holds for whoever has work. `start` is milliseconds since 1970, None where not given.
    """

    people: Mapping[str, Profile] | None
    anybody: Profile | None
    start: float | None
    skipped: SkippedTo
    reservation: float
    kind: str | None
    streaming: bool
    after: Mapping[str, tuple[str, ...]]
    source: str
    document: Mapping[str, Any]
    digest: str

    def resolve(self, emails: Sequence[str] = (), start: float | None = None) -> Workforce:
        """Return the workforce of a simulation that begins at `start` (milliseconds since 1970 UTC).

        Of everybody who is listed, or, where the file lists nobody, of `emails`. Where `start` is None
        the file's holds; InputError where there is none either, or it lies too far away.
        """
        begin = self.start if start is None else start
        if begin is None:
            raise InputError(
                "nothing says when the work begins",
                source=self.source,
                hint="write start: 2026-12-01T09:00 into the file, or give --start",
            )
        if not 0 <= begin < LATEST:
            raise InputError(f"expected a start from {YEARS[0]} to {YEARS[-1]}", source=self.source)
        workers: dict[str, Worker] = {}
        if self.people is not None:
            workers = {email: one.worker_from(begin, email) for email, one in self.people.items()}
        elif self.anybody is not None:
            names = dict.fromkeys(email.lower() for email in emails)
            workers = {email: self.anybody.worker_from(begin, email) for email in names}
        return Workforce(
            start=begin,
            workers=workers,
            skipped=self.skipped,
            reservation=self.reservation,
            kind=self.kind,
            streaming=self.streaming,
            after=self.after,
            source=self.source,
        )


def read_workforce(path: Path) -> WorkforceFile:
    """Read and check a workforce file; SpecError with file, line and field.

    MissingExtraError where it names holidays and the library that knows them is not installed.
    """
    text = read_text(path, "a workforce")
    return _checked(load_yaml(text, str(path)), str(path))


def workforce_from(data: Mapping[str, Any], *, source: str = "workforce") -> WorkforceFile:
    """Check a workforce given as data; dates may be `date` and `datetime` objects."""
    if is_too_deep(data):
        raise SpecError("is nested too deeply", source=source)
    return _checked(Located(plain(data)), source)


def workforce_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of workforce files."""
    return SHAPE.schema("taskplan workforce")


def _checked(located: Located, source: str) -> WorkforceFile:
    document = SHAPE.convert(located, source)
    whole = Place(located, source)
    team = Layer(document.team, whole.at("team"))
    check_layer(team)
    start = None
    if document.start is not None:
        with pointing_at(whole.at("start")):
            start = read_moment(document.start, document.team.zone or DEFAULTS.zone or "UTC")
    with pointing_at(whole.at("reservation")):
        reservation = read_duration(document.reservation)
    people = _people(document, team, whole)
    content = msgspec.json.encode(located.data, order="sorted")
    return WorkforceFile(
        people=people,
        anybody=profile(team, team, document.kind) if people is None else None,
        start=start,
        skipped=document.skipped,
        reservation=reservation,
        kind=document.kind,
        streaming=document.review_after == "item",
        after={
            name: (others,) if isinstance(others, str) else tuple(others)
            for name, others in document.after.items()
        },
        source=source,
        document=located.data,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )


def _people(document: WorkforceDocument, team: Layer, whole: Place) -> dict[str, Profile] | None:
    if document.people is None:
        return None
    found: dict[str, Profile] = {}
    for index, person in enumerate(document.people):
        place = whole.at("people").entry(index)
        traits: Traits = PersonTraits(email=person) if isinstance(person, str) else person
        email = (person if isinstance(person, str) else person.email).lower()
        if email in found:
            raise place.error(f"{email} is listed twice")
        own = Layer(traits, place)
        check_layer(own)
        found[email] = profile(own, team, document.kind)
    return found
