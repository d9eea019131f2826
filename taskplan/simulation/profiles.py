"""What a workforce file says of one person: their own fields over those of the team."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taskplan.errors import InputError, MissingExtraError
from taskplan.planning.shapes import Place
from taskplan.simulation.public_holidays import check_region
from taskplan.simulation.schedules import Schedule, working_time
from taskplan.simulation.workforce import OTHER, Worker, WorkingTime
from taskplan.simulation.workforce_fields import read_hours, read_moment, read_off
from taskplan.simulation.workforce_shape import DEFAULTS, REVIEW, Traits
from taskplan.simulation.zones import time_zone

NO_HOLIDAYS = "none"
"""Says of one person that the team's holidays are not theirs."""
_NEVER = WorkingTime(np.empty(0), np.empty(0))
_FIXED_CV = {"exponential": 1.0, "fixed": 0.0}


@dataclass(frozen=True, slots=True)
class Layer:
    """Fields of one person or of the team, and where they stand."""

    traits: Traits
    place: Place


@dataclass(frozen=True, slots=True)
class Profile:
    """One person before it is known when the simulation begins; `worker` has no working time yet.

    `first` and `last` are the moments between which they work, in milliseconds since 1970.
    """

    worker: Worker
    schedule: Schedule
    share: float
    first: float | None
    last: float | None

    def worker_from(self, start: float, email: str) -> Worker:
        """Return the person, under this e-mail, for a simulation that begins at `start`."""
        time = working_time(self.schedule, start, share=self.share, first=self.first, last=self.last)
        return replace(self.worker, email=email, time=time)


def profile(own: Layer, team: Layer, kind: str | None) -> Profile:
    """Return one person of a file; SpecError for what does not fit together. `kind` names items' kinds.

    Both layers have been through `check_layer`.
    """
    said = _Said((own, team))
    minutes = _minutes(said, kind)
    rates = {name: said.value(name) for name in ("errors", "misses", "rejects", "skips", "abandons")}
    if rates["skips"] + rates["abandons"] >= 1:
        where = said.place("abandons" if own.traits.skips is None else "skips")
        raise where.error("skips and abandons are 1 or more together, so that nothing would get done")
    week = read_hours(said.value("hours"), said.place("hours"))
    if week is None:
        _refuse_beside_always(own)
    zone = said.value("zone")
    first, last = (_moment(said, name, zone) for name in ("start", "end"))
    if first is not None and last is not None and last <= first:
        where = said.place("end" if own.traits.end is not None else "start")
        raise where.error(
            f"they end {said.value('end')}, which is not after their start, {said.value('start')}"
        )
    region = said.value("holidays")
    schedule = Schedule(
        week, zone, None if region == NO_HOLIDAYS else region, read_off(said.value("off"), said.place("off"))
    )
    shape = said.value("shape")
    worker = Worker(
        email="",
        time=_NEVER,
        minutes=minutes,
        review=said.value("review") or minutes[OTHER] * REVIEW,
        cv=_FIXED_CV.get(shape, said.value("cv")),
        shape=shape,
        rework=said.value("rework"),
        skip_takes=said.value("skip_takes"),
        **rates,
    )
    return Profile(worker, schedule, said.value("share"), first, last)


def check_layer(layer: Layer) -> None:
    """Check what one person, or the team, says by itself, used or not; SpecError."""
    traits, place = layer.traits, layer.place
    if traits.zone is not None:
        with pointing_at(place.at("zone")):
            time_zone(traits.zone)
    if traits.holidays not in (None, NO_HOLIDAYS):
        with pointing_at(place.at("holidays")):
            check_region(traits.holidays)
    if traits.hours is not None and read_hours(traits.hours, place.at("hours")) is None:
        _refuse_beside_always(layer)
    read_off(traits.off or (), place.at("off"))
    for name in ("start", "end"):
        _moment(_Said((layer,)), name, "UTC")
    fixed = _FIXED_CV.get(traits.shape or "")
    if fixed is not None and traits.cv not in (None, fixed):
        raise place.at("cv").error(f"of the shape {traits.shape} it is {fixed:g}; leave it out")


@contextmanager
def pointing_at(place: Place) -> Iterator[None]:
    """Turn an InputError that does not know where it comes from into one about this field."""
    try:
        yield
    except MissingExtraError:
        raise
    except InputError as error:
        raise place.error(error.message, error.hint) from error


class _Said:
    """The first layer that says something of a field is what holds, then the defaults."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self.layers = layers

    def value(self, name: str) -> Any:
        values = [getattr(layer.traits, name) for layer in self.layers]
        return next((value for value in values if value is not None), getattr(DEFAULTS, name))

    def place(self, name: str) -> Place:
        saying = [layer for layer in self.layers if getattr(layer.traits, name) is not None]
        return (saying or self.layers)[0].place.at(name)


def _minutes(said: _Said, kind: str | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for layer in reversed(said.layers):
        minutes = layer.traits.minutes
        if isinstance(minutes, dict):
            found |= minutes
            if kind is None and minutes.keys() - {OTHER}:
                raise layer.place.at("minutes").error(
                    "names kinds of items, but the file has no kind",
                    "kind: metadata.user.scene says by which field kinds differ",
                )
        elif minutes is not None:
            found = {OTHER: minutes}
    if not found:
        raise said.layers[0].place.error('"minutes" is missing', "it may stand in team, for everybody")
    if OTHER not in found:
        raise said.place("minutes").error(f'"{OTHER}" is missing: the minutes of items of any other kind')
    return found


def _refuse_beside_always(layer: Layer) -> None:
    for name in ("off", "holidays"):
        if getattr(layer.traits, name) not in (None, [], NO_HOLIDAYS):
            raise layer.place.at(name).error(
                "always is without days off", 'hours: {mon-sun: "00:00-24:00"} leaves them out'
            )


def _moment(said: _Said, name: str, zone: str) -> float | None:
    text = said.value(name)
    if text is None:
        return None
    with pointing_at(said.place(name)):
        return read_moment(text, zone)
