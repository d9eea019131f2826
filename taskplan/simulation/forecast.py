"""The forecast as data: what is in the file, and reading and writing it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import msgspec

from taskplan.errors import InputError
from taskplan.model.files import OwnFile

FORMAT = 1
LEVELS = (0.05, 0.25, 0.5, 0.8, 0.95)
"""The quantiles that a forecast gives."""


Moment = Annotated[float, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_000)]
"""Milliseconds since 1970 UTC, from the year 1 to 9999."""
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Number = Annotated[int, msgspec.Meta(ge=0)]


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """When something is done: `at` are the quantiles `LEVELS` in milliseconds since 1970 UTC.

    A quantile is None where so many replications never get there; `done` is the share of
    replications (0 to 1) in which it is finished at all. `due` is the date to keep, `on_time` the
    share of replications that keep it, `error` its standard error.
    """

    at: tuple[Moment | None, ...]
    done: Share
    due: Moment | None = None
    on_time: Share | None = None
    error: Share | None = None


class PersonForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One person, in one task or in all: means over replications but for `finish`.

    `planned` items are theirs in the plan (None where they take them from a queue), `items` is how
    many they finish, `again` of them a second time or more; `hours` of work; `utilisation` (0 to 1) is
    hours of work as a share of their working hours until the end of the plan; `last` the share of
    replications in which nobody finishes later. `histogram` counts replications by finish time, in
    equal bins from `first_bin` to `last_bin` (milliseconds since 1970).
    """

    assignee: str
    planned: Number | None
    items: Amount
    again: Amount
    hours: Amount
    utilisation: Share | None
    last: Share
    finish: Finish
    first_bin: Moment | None = None
    last_bin: Moment | None = None
    histogram: tuple[Number, ...] = ()


class Burndown(msgspec.Struct, frozen=True, kw_only=True):
    """How many items are left at `times` (milliseconds since 1970): a row of quantiles for each level.

    `left[i][j]` is the quantile `LEVELS[i]` at ``times[j]``.
    """

    times: tuple[Moment, ...]
    left: tuple[tuple[Amount, ...], ...]


class TaskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One task: `id` is that of its operation in the plan; means over replications but for `finish`.

    Of its `items`, `rejected` counts rejections by reviewers of them, `skipped` and `abandoned` how
    often that happens, `ignored` how many end without an answer.
    """

    id: str
    name: str
    type: str
    mode: str
    items: Number
    finish: Finish
    rejected: Amount
    skipped: Amount
    abandoned: Amount
    ignored: Amount
    people: tuple[PersonForecast, ...]
    burndown: Burndown


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan under other conditions, on the same random numbers.

    `sooner` are the quantiles `LEVELS` of by how many hours it ends sooner than the plan as it is, in
    the same replication (None where one of both never ends); `better` is the share of
    replications in which it ends sooner.
    """

    name: str
    kind: str
    finish: Finish
    sooner: tuple[float | None, ...]
    better: Share


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """A whole forecast of the plan with `digest`, from `start` (milliseconds since 1970).

    `assumptions` says of everybody in words how long items take them and how much they work.
    """

    format: int = FORMAT
    taskplan: str
    plan: str
    workforce: str
    seed: int
    replications: Annotated[int, msgspec.Meta(ge=1)]
    start: Moment
    finish: Finish
    tasks: tuple[TaskForecast, ...]
    people: tuple[PersonForecast, ...]
    burndown: Burndown
    scenarios: tuple[Scenario, ...] = ()
    warnings: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        # An import that runs upwards: only a notebook asks, and pages are above forecasts.
        from taskplan.report.notebook import forecast_fragment

        return forecast_fragment(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print what IPython's terminal shows: a line, as all numbers of a forecast are many pages."""
        from taskplan.simulation.wording import heading

        printer.text(heading(self))


FORECAST_FILE = OwnFile("forecast", b'{\n "format": ')


def encode_forecast(forecast: Forecast) -> bytes:
    """Return the bytes of a forecast file."""
    return msgspec.json.format(msgspec.json.encode(forecast), indent=1) + b"\n"


def write_forecast(path: Path, forecast: Forecast) -> None:
    """Write a forecast file, whole or not at all; InputError where there is something else."""
    FORECAST_FILE.write(path, encode_forecast(forecast))


def read_forecast(path: Path) -> Forecast:
    """Read a forecast file; InputError where it is none, not whole, or of a newer format."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such file", source=str(path)) from error
    except IsADirectoryError as error:
        raise InputError("is a folder, expected a forecast", source=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=str(path)) from error
    _check_format(data, str(path))
    try:
        forecast = msgspec.json.decode(data, type=Forecast)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"is no forecast: {error}", source=str(path), hint="`taskplan simulate -o` writes one"
        ) from error
    if not _is_whole(forecast):
        raise InputError(
            f"is no forecast: not every time has its {len(LEVELS)} quantiles, in order",
            source=str(path),
            hint="simulate the plan again",
        )
    return forecast


class _Header(msgspec.Struct):
    format: int = FORMAT


def _check_format(data: bytes, source: str) -> None:
    """Refuse a newer format, which may look otherwise; what is no forecast at all is told later."""
    try:
        version = msgspec.json.decode(data, type=_Header).format
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if version > FORMAT:
        raise InputError(
            f"has format {version}, this taskplan reads up to {FORMAT}; a newer taskplan is needed",
            source=source,
        )


def _is_whole(forecast: Forecast) -> bool:
    people = [person for task in forecast.tasks for person in task.people] + [*forecast.people]
    finishes = [forecast.finish, *(person.finish for person in people)]
    finishes += [task.finish for task in forecast.tasks] + [found.finish for found in forecast.scenarios]
    rows = [tuple(math.inf if at is None else at for at in finish.at) for finish in finishes]
    gains = [found.sooner for found in forecast.scenarios]
    burndowns = [forecast.burndown, *(task.burndown for task in forecast.tasks)]
    whole = all(len(row) == len(LEVELS) for row in [*rows, *gains])
    rising = all(list(row) == sorted(row) for row in rows)
    return whole and rising and all(map(_has_rows, burndowns))


def _has_rows(found: Burndown) -> bool:
    return len(found.left) == len(LEVELS) and {len(row) for row in found.left} == {len(found.times)}
