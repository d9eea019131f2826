"""Small plans and workforces that the tests of forecasts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taskplan.model.memory import MemoryTable
from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Model, Outcome
from taskplan.simulation.modelling import Staged, stage
from taskplan.simulation.workforce import Workforce
from taskplan.simulation.workforce_file import workforce_from
from tests.planning.support import Existing

ANN, BEN, CAT, DAN = (f"{name}@example.com" for name in ("ann", "ben", "cat", "dan"))
START = "2028-01-03T09:00"
"""A Monday."""
BEGIN = 1_830_502_800_000.0
MINUTE = 60_000.0
SCENES = ("day", "night", "rain")


def items(count: int) -> MemoryTable:
    """Items whose scenes take turns, with as many annotations as their number says, up to three."""
    return MemoryTable.from_documents(
        (
            {
                "id": f"{n:024x}",
                "filename": f"/{n}.jpg",
                "metadata": {"user": {"scene": SCENES[n % 3], "night": n % 2 == 0}},
                "annotationsCount": n % 4,
            }
            for n in range(count)
        ),
        dataset="scenes",
    )


def plan_of(count: int, *tasks: Mapping[str, Any], held: int = 0) -> Plan:
    """Return the plan of these tasks over so many items; label-train exists and holds the first `held`."""
    table = items(count)
    return make_plan(spec_from({"tasks": list(tasks)}), table, resolver=Existing(table.ids[:held]), seed=3)


def task(name: str = "label", people: Sequence[Any] = (ANN, BEN), **fields: Any) -> dict[str, Any]:
    return {"name": name, "assignees": list(people), **fields}


def review(
    of: str = "label", people: Sequence[Any] = (CAT,), name: str = "check", **fields: Any
) -> dict[str, Any]:
    return task(name, people, type="qa", of=of, **fields)


def team(people: Sequence[Any] = (), *, file: Mapping[str, Any] | None = None, **traits: Any) -> Workforce:
    """Return a workforce of ann, ben, cat and dan: a minute an item, at all hours, if not said."""
    everybody = {"minutes": 1, "hours": "always", **traits}
    told = {p if isinstance(p, str) else p["email"] for p in people}
    data = {"team": everybody, "people": [*people, *(p for p in (ANN, BEN, CAT, DAN) if p not in told)]}
    return workforce_from({"start": START, **data, **(file or {})}).resolve()


def staged(plan: Plan, workforce: Workforce | None = None, **about: Any) -> Staged:
    return stage(plan, workforce or team(), seed=3, **about)


def outcome_of(plan: Plan, workforce: Workforce | None = None, replications: int = 1) -> Outcome:
    return simulate(staged(plan, workforce).model, replications)


def owners(model: Model, index: int = 0) -> list[str | None]:
    """Return whose each job of a task is, by first name; None for nobody's."""
    names = [person.email.partition("@")[0] for person in model.people]
    return [None if owner < 0 else names[owner] for owner in model.tasks[index].owner.tolist()]


def ids_of(plan: Plan, index: int = 0) -> list[str]:
    return list(plan.operations[index].allocation.items.unpack())
