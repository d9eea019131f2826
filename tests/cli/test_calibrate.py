"""`taskplan calibrate` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from taskplan.simulation.workforce_file import read_workforce
from tests.cli.support import Shell
from tests.simulation.histories import CHECK, LABEL, item, said, worked

ANN, BEN, DAN = "ann@example.com", "ben@example.com", "dan@example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with items that two people have annotated and a third has reviewed in part."""
    folder = tmp_path_factory.mktemp("calibrate")
    rng = np.random.Generator(np.random.PCG64(4))
    items = worked(rng, {ANN: (2.0, 0.5, 60), BEN: (4.0, 0.5, 20)}, scene="day")
    items += worked(rng, {ANN: (6.0, 0.5, 30)}, scene="night", first=100, begins=14_400)
    for n, document in enumerate(items[:25]):
        status = "discard" if n % 5 == 0 else "approved"
        document["metadata"]["system"]["refs"].append(said(CHECK, DAN, 20_000 + n, status))
    (folder / "items.ndjson").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    (folder / "new.ndjson").write_text(json.dumps(item(1)), encoding="utf-8")
    shell = Shell(folder)
    shell.ok("import", "items.ndjson", "--dataset", "scenes")
    shell.ok("import", "new.ndjson", "--store", "new.db", "--dataset", "scenes")
    return folder


@pytest.fixture
def shell(folder: Path) -> Shell:
    return Shell(folder)


def test_a_table_says_what_stands_behind_each_number(shell: Shell) -> None:
    lines = shell.ok("calibrate", "--kind", "metadata.user.scene").splitlines()
    assert lines[0].startswith("scenes: 138 finished items, ")
    assert lines[1] == "  20 approved, 113 completed, 5 discard"
    rows = [line.split() for line in lines if "@" in line]
    assert [(row[0], row[1]) for row in rows[:3]] == [(ANN, "day"), (ANN, "night"), (ANN, "any")]
    night = rows[1]
    # Minutes, interval, variation, items, weight of own data.
    assert float(night[2]) == pytest.approx(6, rel=0.2)
    assert [float(end) for end in night[3].split("-")] == pytest.approx([5, 7], rel=0.2)
    assert (float(night[4]), night[5:]) == (pytest.approx(0.5, abs=0.15), ["30", "100", "%"])
    (review,) = [row for row in rows if row[:2] == [DAN, "review"]]
    assert (review[2], review[5]) == ("1.00", "24")
    assert (rows[-1][0], rows[-1][-4:-2]) == (ANN, ["5", "25"])


def test_the_file_it_writes_is_a_workforce(shell: Shell) -> None:
    done = shell.run("calibrate", "--zone", "Europe/Berlin", "-o", "team.yaml")
    assert done.returncode == 0
    assert done.stderr.endswith("written to team.yaml\n")
    written = (shell.folder / "team.yaml").read_text(encoding="utf-8")
    told = yaml.safe_load(written)
    assert [person["email"] for person in told["people"]] == [ANN, BEN, DAN]
    assert read_workforce(shell.folder / "team.yaml").resolve(start=0).workers[BEN].minutes["*"] > 3
    refused = shell.run("calibrate", "-o", "team.yaml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "error: team.yaml: exists already and is left as it is; --force writes over it\n"
    )
    shell.ok("calibrate", "--task", LABEL, "-o", "team.yaml", "--force")
    assert "review" not in yaml.safe_load((shell.folder / "team.yaml").read_text("utf-8"))["team"]


def test_json_says_the_same(shell: Shell) -> None:
    found = shell.json("calibrate", "--kind", "metadata.user.scene")
    assert (found["dataset"], found["finished"], found["gap"]) == ("scenes", 138, 60)
    ann, ben, dan = found["people"]
    assert list(ann["minutes"]) == ["day", "night", "*"]
    assert ann["minutes"]["night"]["items"] == 30
    assert ann["errors"]["sent_back"] == 5
    assert ben["minutes"]["night"]["weight"] == 0
    assert (dan["minutes"], dan["review"]["items"]) == ({}, 24)
    assert found["team"]["errors"]["reviewed"] == 25
    assert shell.json("calibrate", "--kind", "metadata.user.scene") == found


def test_what_was_applied_and_done_here_is_learned_from(tmp_path: Path) -> None:
    from taskplan.cli.options import using_backend

    shell = Shell(tmp_path)
    items = [item(n) for n in range(12)]
    (tmp_path / "items.ndjson").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    shell.ok("import", "items.ndjson")
    people = ("--assignee", ANN, "--assignee", BEN)
    shell.ok("plan", "--where", "dir: /", "--name", "label", *people, "-o", "plan.json")
    shell.ok("apply", "plan.json")
    with using_backend("sqlite", tmp_path / "work.db") as backend:
        task = backend.task("items", "label")
        for minutes, assignment in zip((2, 5), task.assignments, strict=True):
            for n in range(6):
                backend.set_status(  # type: ignore[attr-defined]
                    task.id,
                    assignment.items[n : n + 1],
                    "completed",
                    creator=ANN,
                    now=1.79e12 + (minutes > 2) * 1e10 + 60_000 * minutes * n,
                )
    found = shell.json("calibrate", "--task", "label")
    assert [person["email"] for person in found["people"]] == [ANN]
    assert found["warnings"][0] == "6 of 12 statuses count for who set them, who is not the assignee"
    assert found["people"][0]["minutes"]["*"]["items"] == 10


MISTAKES = [
    (
        "--store none.db",
        "error: none.db: there is no store here; `taskplan import PATH --store none.db` makes one",
    ),
    (
        "--store new.db",
        "error: scenes: none of 1 item has a status (completed, discard, approved or another) in a task",
    ),
    ("--dataset scene", 'error: work.db: there is no dataset "scene", only scenes; did you mean "scenes"?'),
    (f"--task {LABEL[1:]}", f'error: --task: there is no task "{LABEL[1:]}"; did you mean "{LABEL}"?'),
    ("--gap 0", "error: --gap: expected a number of minutes > 0, got 0"),
    ("--gap soon", "Error: Invalid value for '--gap': 'soon' is not a valid float."),
    (
        "--gap 0.001",
        "error: scenes: 138 items finished (20 approved, 113 completed, 5 discard), but no two by ",
    ),
    (
        "--kind metadata.user.scen",
        'error: --kind: no item has "metadata.user.scen"; did you mean "metadata.user.scene"?',
    ),
    (
        "--zone Europe/Berlim",
        'error: --zone: there is no time zone "Europe/Berlim"; did you mean "Europe/Berlin"?',
    ),
    ("-o work.db --force", "error: work.db: is the store itself; write to another file"),
    ("-o none/team.yaml", "error: none: there is no such folder"),
    (f"--task {CHECK} -o new.yaml", "error: scenes: nothing but reviews was timed, and a workforce needs "),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(shell: Shell, arguments: str, expected: str) -> None:
    before = {path.name for path in shell.folder.iterdir()}
    done = shell.run("calibrate", *arguments.split(), columns=200)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(expected)
    assert {path.name for path in shell.folder.iterdir()} - before <= {"work.db.columns", "new.db.columns"}
