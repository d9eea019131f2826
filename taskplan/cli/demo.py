"""`demo`: the whole way on a generated dataset, in a few seconds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from taskplan.cli import options, output, views

PILOT = {
    "dataset": "street-scenes",
    "tasks": [
        {
            "name": "pilot",
            "filter": {"dir": "/validation", "annotated": False},
            "limit": 60,
            "assignees": ["ann@example.com", "ben@example.com"],
        }
    ],
}
SPEC = """\
# What `taskplan demo` plans: everything in the training folders that nobody has yet.
dataset: street-scenes
seed: 7
tasks:
  - name: label-train
    filter:
      dir: /train*
      annotated: false
      metadata.system.refs: []
      metadata.user.score: {gt: 0.5}
    assignees:
      - {email: ann@example.com, weight: 2}
      - {email: ben@example.com, weight: 2}
      - {email: cat@example.com, weight: 1}
    order: {stratified: metadata.user.scene}
    due: 2029-01-01
    priority: high
    owner: lead@example.com

  - name: check-train
    type: qa
    of: label-train
    assignees: [dan@example.com, eve@example.com]
"""
TEAM = """\
# Who does the work of the demo, when and how fast. What stands under team holds for who says nothing else.
start: 2028-12-27T09:00               # when the work begins, in the team's zone
kind: metadata.user.scene             # by what minutes differ
team:
  minutes: {"*": 4, tunnel: 7}        # of work an item takes on average: four, but seven in a tunnel
  cv: 0.6                             # how much that varies: standard deviation / mean
  hours: {mon-fri: "09:00-12:30, 13:30-17:30"}
  zone: Europe/Berlin
  off: [2028-12-25..2028-12-26, 2029-01-01]
  errors: 0.08                        # eight of a hundred items should be sent back
  rework: 0.5                         # doing one again takes half the time
people:
  - ann@example.com
  - {email: ben@example.com, minutes: {"*": 6, tunnel: 10}, share: 0.8}       # other work takes a fifth
  - {email: cat@example.com, minutes: 8, hours: {mon-thu: "10:00-16:00"}}     # eight minutes for any item
  - {email: dan@example.com, review: 1.5, misses: 0.1, rejects: 0.02}
  - {email: eve@example.com, review: 2, zone: America/New_York, hours: {mon-fri: "08:00-14:00"}}
"""
NOW = 1_790_000_000_000.0
LEAD = "lead@example.com"


@click.command()
@click.argument("folder", type=options.PATH, default=Path("taskplan-demo"))
@click.option("--items", "count", type=click.IntRange(min=100), default=1200, show_default=True)
def demo(folder: Path, count: int) -> None:
    """Generate a dataset in a new FOLDER, plan, check, show, rehearse, apply to a fresh store and verify."""
    from taskplan.cli.replay import ACTOR, print_report, rehearse_and_show
    from taskplan.cli.status import show_status
    from taskplan.planning.codec import write_plan
    from taskplan.planning.planner import make_plan
    from taskplan.planning.spec import read_spec
    from taskplan.replay.executor import apply_plan
    from taskplan.replay.journal import Journal

    started = time.perf_counter()
    store, spec_file, plan_file = folder / "demo.db", folder / "spec.yaml", folder / "plan.json"
    _prepare(folder, store, count)
    spec_file.write_text(SPEC, encoding="utf-8")
    team_file = folder / "workforce.yaml"
    team_file.write_text(TEAM, encoding="utf-8")
    with options.using_backend("sqlite", store) as backend:
        _pilot(backend, store)
        _step("plan", f"taskplan plan {spec_file} --store {store} -o {plan_file}")
        plan = make_plan(read_spec(spec_file), backend.snapshot("street-scenes"), resolver=backend)
        write_plan(plan_file, plan)
        output.show(*views.plan_view(plan))
        output.warn(plan.warnings)
        _step("rehearse on a copy", f"taskplan rehearse {plan_file} --store {store}")
        rehearse_and_show(plan, store, as_json=False)
        _step("apply to the store", f"taskplan apply {plan_file} --store {store}")
        with Journal(store) as journal:
            report = apply_plan(plan, backend, journal, actor=ACTOR, clock=lambda: NOW)
        print_report("applied", plan, report, report.verification, as_json=False)
        _step("now", f"taskplan status --store {store}")
        show_status(backend.datasets(), backend.tasks("street-scenes"))
    output.tell("")
    output.tell(f"Everything is in {folder}/: items.ndjson, demo.db, spec.yaml, workforce.yaml, plan.json")
    output.tell(f"When it is done: taskplan simulate {plan_file} --workforce {team_file} --store {store}")
    output.tell(f"To take it back: taskplan undo {plan_file} --store {store}")
    output.say(f"({time.perf_counter() - started:.1f} s)")


def _step(title: str, command: str) -> None:
    click.secho(f"\n── {title}", bold=True, fg="cyan")
    click.secho(f"   {command}", dim=True)


def _prepare(folder: Path, store: Path, count: int) -> None:
    import msgspec
    import numpy as np

    from taskplan.cli.items import say_imported
    from taskplan.errors import InputError
    from taskplan.model.sample import sample_items

    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(
            "exists already and is left as it is",
            source=str(folder),
            hint="remove it, or name another folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    items = folder / "items.ndjson"
    rng = np.random.Generator(np.random.PCG64(2026))
    items.write_bytes(b"".join(msgspec.json.encode(d) + b"\n" for d in sample_items(count, rng)))
    _step("import", f"taskplan import {items} --store {store} --dataset street-scenes")
    with options.using_store(store, create=True) as opened:
        result = opened.import_path(items, "street-scenes")
    say_imported(result)


def _pilot(backend: Any, store: Path) -> None:
    """Put some items into an earlier task, partly done, as a dataset in use has them."""
    from taskplan.planning.planner import make_plan
    from taskplan.planning.spec import spec_from
    from taskplan.replay.executor import apply_plan
    from taskplan.replay.journal import Journal

    plan = make_plan(
        spec_from(PILOT, source="demo"), backend.snapshot("street-scenes"), resolver=backend, seed=0
    )
    with Journal(store) as journal:
        report = apply_plan(plan, backend, journal, actor=LEAD, clock=lambda: NOW)
    (outcome,) = report.performed.values()
    for ids in plan.operations[0].items_by_assignee().values():
        backend.set_status(outcome.task_id, ids[: len(ids) // 2], "completed", creator=LEAD, now=NOW)
    output.tell(f"an earlier task, pilot, holds {output.plural(outcome.items, 'item')}, half of them done")


commands = {"demo": demo}
