"""The forecast as data: what is in the file, and reading and writing it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from taskplan.errors import InputError
from taskplan.model.files import atomic_write

FORMAT = 1
LEVELS = (0.05, 0.25, 0.5, 0.8, 0.95)
"""The quantiles that a forecast gives."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """When something is done: `at` are the quantiles `LEVELS` in milliseconds since 1970 UTC.

    A quantile is None where so many replications never get there; `done` is the share of
    replications (0 to 1) in which it is finished at all. `due` is the date to keep, `on_time` the
    share of replications that keep it, `error` its standard error.
    """

    at: tuple[float | None, ...]
    done: float
    due: float | None = None
    on_time: float | None = None
    error: float | None = None


class PersonForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One person, in one task or in all: means over replications but for `finish`.

    `planned` items are theirs in the plan (None where they take them from a queue), `items` is how
    many they finish, `again` of them a second time or more; `hours` of work; `utilisation` (0 to 1) is
    hours of work as a share of their working hours until the end of the plan; `last` the share of
    replications in which nobody finishes later. `histogram` counts replications by finish time, in
    equal bins from `first_bin` to `last_bin` (milliseconds since 1970).
    """

    assignee: str
    planned: int | None
    items: float
    again: float
    hours: float
    utilisation: float | None
    last: float
    finish: Finish
    first_bin: float | None = None
    last_bin: float | None = None
    histogram: tuple[int, ...] = ()


class Burndown(msgspec.Struct, frozen=True, kw_only=True):
    """How many items are left at `times` (milliseconds since 1970): a row of quantiles for each level.

    `left[i][j]` is the quantile `LEVELS[i]` at ``times[j]``.
    """

    times: tuple[float, ...]
    left: tuple[tuple[float, ...], ...]


class TaskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One task: `id` is that of its operation in the plan; means over replications but for `finish`.

    Of its `items`, `rejected` counts rejections by reviewers of them, `skipped` and `abandoned` how
    often that happens, `ignored` how many end without an answer.
    """

    id: str
    name: str
    type: str
    mode: str
    items: int
    finish: Finish
    rejected: float
    skipped: float
    abandoned: float
    ignored: float
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
    better: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """A whole forecast of the plan with `digest`, from `start` (milliseconds since 1970)."""

    format: int = FORMAT
    taskplan: str
    plan: str
    workforce: str
    seed: int
    replications: int
    start: float
    finish: Finish
    tasks: tuple[TaskForecast, ...]
    people: tuple[PersonForecast, ...]
    burndown: Burndown
    scenarios: tuple[Scenario, ...] = ()
    warnings: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        # An import that runs upwards: only a notebook asks, and pages are above forecasts.
        from taskplan.report.notebook import forecast_fragment

        return forecast_fragment(self)


_START = b'{\n "format": '


def encode_forecast(forecast: Forecast) -> bytes:
    """Return the bytes of a forecast file."""
    return msgspec.json.format(msgspec.json.encode(forecast), indent=1) + b"\n"


def write_forecast(path: Path, forecast: Forecast) -> None:
    """Write a forecast file, whole or not at all; InputError where there is something else."""
    data = encode_forecast(forecast)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_START)) not in (b"", _START):
                raise InputError(
                    "exists and is no forecast, so it is left as it is",
                    source=str(path),
                    hint="choose another name",
                )
    with atomic_write(path) as file:
        file.write(data)


def read_forecast(path: Path) -> Forecast:
    """Read a forecast file; InputError where it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Forecast)
    except FileNotFoundError as error:
        raise InputError("no such file", source=str(path)) from error
    except IsADirectoryError as error:
        raise InputError("is a folder, expected a forecast", source=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"is no forecast: {error}", source=str(path), hint="`taskplan simulate -o` writes one"
        ) from error
