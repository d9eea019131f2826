"""`taskplan snapshot`: what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from taskplan.cli.main import main
from taskplan.model.snapshots import open_snapshot
from taskplan.model.snapshots.claiming import Claim
from tests.cli.support import Shell

ITEMS: list[dict[str, Any]] = [
    {"id": f"{row:024x}", "filename": f"/train/{row}.jpg", "metadata": {"user": {"score": row / 2}}}
    for row in range(7)
]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    (tmp_path / "items.ndjson").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    shell.ok("import", "items.ndjson")
    return shell


def test_written_and_read_back(shell: Shell) -> None:
    done = shell.run("snapshot", "snap", "--rows", "3")
    assert done.returncode == 0
    assert done.stdout == "items: 7 items in 3 parts, 19 columns\n"
    assert done.stderr == "written to snap; next: taskplan plan spec.yaml --from snap\n"
    table = open_snapshot(str(shell.folder / "snap"))
    exported = [json.loads(line) for line in shell.ok("export").splitlines()]
    found = list(table.documents())
    assert [{name: document[name] for name in item} for item, document in zip(ITEMS, found, strict=True)] == [
        {**item, "metadata": {**item["metadata"], "system": {"refs": []}}} for item in ITEMS
    ]
    assert [document["id"] for document in exported] == table.ids.tolist()
    assert table.dataset == "items"


def test_json(shell: Shell) -> None:
    told = shell.json("snapshot", "snap", "--dataset", "items")
    assert told["columns"][:2] == ["annotated", "annotationsCount"]
    assert {**told, "columns": None} == {
        "location": "snap",
        "dataset": "items",
        "items": 7,
        "annotations": 0,
        "parts": 1,
        "columns": None,
    }


def test_nothing_is_written_over_by_mistake(shell: Shell) -> None:
    shell.ok("snapshot", "snap")
    again = shell.run("snapshot", "snap")
    assert again.returncode == 2
    assert again.stderr == "error: snap: holds a snapshot; --overwrite writes over it\n"
    shell.ok("snapshot", "snap", "--overwrite", "--rows", "2")
    assert len(open_snapshot(str(shell.folder / "snap")).partitions) == 4
    (shell.folder / "mine").mkdir()
    (shell.folder / "mine" / "letter.txt").write_text("dear")
    for options in ([], ["--overwrite"]):
        refused = shell.run("snapshot", "mine", *options)
        assert refused.returncode == 2
        assert "mine: is neither empty nor a snapshot, so it is left as it is" in refused.stderr
    file = shell.run("snapshot", "items.ndjson", "--overwrite")
    assert file.stderr == "error: items.ndjson: is a file, expected a folder\n"
    assert shell.run("snapshot", "nosuch://x/y").stderr.startswith("error: nosuch://x/y: cannot be reached (")
    assert shell.run("snapshot", "snap", "--store", "none.db").returncode == 2


def test_an_empty_folder_is_no_dataset(shell: Shell) -> None:
    (shell.folder / "none").mkdir()
    done = shell.run("plan", "--assignee", "a@b.c", "--from", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none: is an empty folder, expected a snapshot or Parquet files\n"


def test_parts_that_were_mixed_up_make_no_plan(shell: Shell) -> None:
    shell.ok("snapshot", "snap", "--rows", "2")
    shutil.copy(shell.folder / "snap" / "part-00000.parquet", shell.folder / "snap" / "part-00002.parquet")
    done = shell.run("plan", "--assignee", "a@b.c", "--from", "snap", "-o", "plan.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: snap/part-00002.parquet: is another file than the snapshot says; ")
    assert not (shell.folder / "plan.json").exists()


def test_interrupted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usual line promises that the same command continues, which this one cannot."""
    shell.ok("snapshot", "snap", "--rows", "2")
    before = sorted(path.name for path in (shell.folder / "snap").iterdir())

    def interrupted(self: Claim, manifest: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(shell.folder)
    monkeypatch.setenv("TASKPLAN_STORE", "work.db")
    monkeypatch.setattr(Claim, "finish", interrupted)
    with pytest.raises(SystemExit) as caught:
        main(["snapshot", "snap", "--overwrite"])
    assert caught.value.code == 130
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "interrupted before the snapshot was whole; snap is as it was before"
    assert sorted(path.name for path in (shell.folder / "snap").iterdir()) == before
    assert len(open_snapshot(str(shell.folder / "snap"))) == 7
