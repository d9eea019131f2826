"""The whole way on the real export, as a person types it: import to undo, exit codes, widths, JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import SPEC, TASKPLAN, Shell


@pytest.fixture
def shell(tmp_path: Path, shared: Path) -> Shell:
    opened = Shell(tmp_path)
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    opened.ok("import", str(shared / "data" / "fruit-export.jsonl"), "--dataset", "fruit")
    return opened


def test_from_import_to_undo(shell: Shell) -> None:
    assert shell.json("items", "--where", "dir: /train", "--limit", "1")["matched"] == 240
    plan = shell.json("plan", "spec.yaml", "-o", "plan.json")
    assert [operation["allocation"]["items"] for operation in plan["operations"]] == [240, 240]
    shown = shell.json("show", "plan.json", "--items")
    assert len(shown["operations"][0]["items"]["ann@example.com"]) == 120
    assert shell.json("rehearse", "plan.json")["verified"] is True
    assert shell.json("status")["tasks"] == []
    assert set(shell.json("apply", "plan.json")["done"]) == {"create:label-train", "create:check-train"}
    assert shell.json("apply", "plan.json")["done"] == {}
    assert shell.json("verify", "plan.json") == {"ok": True, "left_out": 0, "differences": []}
    tasks = shell.json("status")["tasks"]
    assert [(task["name"], task["items"], task["rehearsed"]) for task in tasks] == [
        ("label-train", 240, True),
        ("check-train", 240, True),
    ]
    assert shell.ok("items", "--where", "metadata.system.refs: []", "--count") == "59\n"
    shell.ok("undo", "plan.json")
    assert shell.json("status")["tasks"] == []
    assert shell.run("verify", "plan.json").returncode == 1


def test_the_export_comes_back_document_by_document(shell: Shell, shared: Path) -> None:
    original = (shared / "data" / "fruit-export.jsonl").read_text(encoding="utf-8").splitlines()
    printed = shell.ok("export", "--format", "export").splitlines()
    assert [json.loads(line) for line in printed] == [json.loads(line) for line in original]


def test_detailed_exit_codes(shell: Shell) -> None:
    assert shell.run("plan", "spec.yaml", "-o", "one.json", "--detailed-exitcode").returncode == 3
    shell.ok("apply", "one.json")
    assert shell.run("plan", "spec.yaml", "--detailed-exitcode").returncode == 0
    assert shell.run("diff", "one.json", "one.json", "--detailed-exitcode").returncode == 0
    shell.ok("plan", "spec.yaml", "--seed", "5", "-o", "seeded.json")
    shell.ok("plan", "--name", "other", "--assignee", "dan@example.com", "-o", "two.json")
    assert shell.run("diff", "one.json", "two.json", "--detailed-exitcode").returncode == 3


def test_two_stores_give_the_same_plan(shell: Shell, tmp_path: Path, shared: Path) -> None:
    shell.ok("plan", "spec.yaml", "-o", "one.json")
    export = str(shared / "data" / "fruit-export.jsonl")
    shell.ok("import", export, "--dataset", "fruit", "--store", "second.db")
    shell.ok("plan", "spec.yaml", "-o", "two.json", "--store", "second.db")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_one_command_from_a_folder_to_a_rehearsed_plan(tmp_path: Path, shared: Path) -> None:
    shell = Shell(tmp_path)
    source = tmp_path / "export"
    source.mkdir()
    for number, line in enumerate((shared / "data" / "fruit-export.jsonl").read_text("utf-8").splitlines()):
        (source / f"{number:03}.json").write_text(line, encoding="utf-8")
    people = ["--assignee", "ann@example.com", "--assignee", "ben@example.com"]
    done = shell.run("plan", "--from", "export", *people, "--rehearse", "-o", "plan.json")
    assert done.returncode == 0, done.stderr
    assert "create annotate (annotation): 299 items" in done.stdout
    assert done.stdout.endswith("verified: what was made is what the plan says\n")
    assert {entry.name for entry in tmp_path.iterdir()} >= {"export", "plan.json"}


@pytest.mark.parametrize("columns", [80, 120])
def test_listings_keep_to_the_width(columns: int, shell: Shell) -> None:
    shell.ok("plan", "spec.yaml", "-o", "plan.json")
    shell.ok("apply", "plan.json")
    for command in (["show", "plan.json"], ["status"], ["items"], ["strategies"], ["backends"]):
        lines = shell.run(*command, columns=columns).stdout.splitlines()
        assert max(map(len, lines)) <= columns, command


def test_listing_into_a_closed_pipe_is_quiet(shell: Shell) -> None:
    command = f"{TASKPLAN} items --store work.db --limit 299 | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=shell.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "fruit: 299 of 299 items match\n"
    assert done.stderr == ""
