"""What a person gets wrong on the command line: one exact line, an exit code, and nothing half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import SPEC, Shell

ITEMS = [
    {"id": f"{number:024x}", "filename": f"/train/{number}.jpg", "metadata": {"user": {"scene": "a"}}}
    for number in range(4)
]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with a store of four items, a spec and its plan."""
    opened = Shell(tmp_path)
    (tmp_path / "items.ndjson").write_text("\n".join(map(json.dumps, ITEMS)), encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "elsewhere.yaml").write_text("# a comment\ndataset: fruits\n" + SPEC, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    opened.ok("import", "items.ndjson", "--dataset", "fruit")
    opened.ok("plan", "spec.yaml", "-o", "plan.json")
    return opened


MISTAKES = [
    ("plan none.yaml", "error: none.yaml: no such file"),
    ("plan folder", "error: folder: is a folder, expected a spec"),
    ("plan", "Error: give a SPEC file, or --assignee (repeated)"),
    ("plan spec.yaml --due x", "Error: --assignee, --where, --name and --due describe a task without a SPEC"),
    (
        "plan spec.yaml --name x",
        "Error: --assignee, --where, --name and --due describe a task without a SPEC",
    ),
    ("items --explain --count", "Error: give either --explain or --count"),
    ("show plan.json --items", "Error: --items goes with --json"),
    ("plan plan.json", "error: plan.json: is a plan, expected a spec; `taskplan show` reads plans"),
    (
        "plan --assignee ann",
        'error: --assignee: expected an e-mail, or {email, weight | percent | count}, got "ann"',
    ),
    (
        "plan --assignee a@b.c --due soon",
        'error: --due: expected a date such as 2029-01-01 or 2029-01-01T18:00+02:00, got "soon"',
    ),
    (
        "plan --assignee a@b.c --where {gtt",
        "error: query: cannot read \"{gtt\" as a query; expected e.g. 'dir: /train'",
    ),
    (
        'plan --assignee a@b.c --where {"dir":{"gtt":1}}',
        'error: dir.gtt: unknown operator; did you mean "gt", or the field "dir.gtt"?',
    ),
    ("plan spec.yaml -o none/plan.json", "error: none: there is no such folder"),
    ("plan spec.yaml -o folder", "error: folder: is a folder, expected a file to write"),
    (
        "plan spec.yaml -o spec.yaml",
        "error: spec.yaml: exists and is no plan, so it is left as it is; choose another name",
    ),
    (
        "plan spec.yaml -o work.db",
        "error: work.db: exists and is no plan, so it is left as it is; choose another name",
    ),
    ("plan --from none --assignee a@b.c", "error: none: there is no such file or folder"),
    (
        "plan spec.yaml --dataset fruits",
        'error: work.db: there is no dataset "fruits", only fruit; did you mean "fruit"?',
    ),
    (
        "plan elsewhere.yaml",
        'error: elsewhere.yaml:2 dataset: there is no dataset "fruits", only fruit; did you mean "fruit"?',
    ),
    (
        "plan spec.yaml --from items.ndjson --store work.db",
        "Error: --from takes the place of a store; leave --store out, or import first",
    ),
    (
        "apply plan.json --actor me",
        "Error: Invalid value for '--actor': expected an e-mail address, got \"me\"",
    ),
    (
        "items --dataset fruits",
        'error: work.db: there is no dataset "fruits", only fruit; did you mean "fruit"?',
    ),
    ("items --where @none.yaml", "error: none.yaml: cannot be read: No such file or directory"),
    ("items --where @folder", "error: folder: cannot be read: Is a directory"),
    ("items --limit -1", "Error: Invalid value for '--limit': -1 is not in the range x>=0."),
    (
        "items --store none.db",
        "error: none.db: there is no store here; `taskplan import PATH --store none.db` makes one",
    ),
    ("items --store spec.yaml", "error: spec.yaml: is not a taskplan store"),
    ("items --store folder", "error: folder: is a folder, not a taskplan store"),
    ("import none", "error: none: there is no such file or folder"),
    ("import spec.yaml", "error: spec.yaml: the format of this file is unknown; name it with --format"),
    ("import items.ndjson --format folder", "error: items.ndjson: is a file, expected a folder"),
    ("import folder --format csv", "error: folder: is a folder, expected a file in the format csv"),
    (
        "import items.ndjson --dataset fruit --project other",
        'error: the dataset "fruit" belongs to the project "local", not "other"',
    ),
    ("export -o work.db", "error: work.db: is the store itself; export to another file"),
    ("export -o none/items.ndjson", "error: none: there is no such folder"),
    ("show spec.yaml", "error: spec.yaml: is not a plan that taskplan wrote"),
    ("show folder", "error: folder: is a folder, expected a plan file"),
    ("diff plan.json none.json", "error: none.json: no such file"),
    ("apply none.json", "error: none.json: no such file"),
    (
        "apply plan.json --backend sqlit",
        'error: there is no backend "sqlit", only dataloop, sqlite; did you mean "sqlite"?',
    ),
    (
        "rehearse plan.json --store none.db",
        "error: none.db: there is no store here; `taskplan import PATH --store none.db` makes one",
    ),
    ("explain plan.json", "Error: give either --item or --assignee"),
    (
        "explain plan.json --item /train/9.jpg --store work.db",
        'error: fruit has no item "/train/9.jpg"; did you mean "/train/3.jpg"?',
    ),
    (
        "explain plan.json --item x",
        'error: fruit has no item "x"',
    ),
    (
        "explain plan.json --assignee anne@example.com",
        'error: anne@example.com gets nothing in this plan; did you mean "ann@example.com"?',
    ),
    (
        "status --dataset fruits",
        'error: work.db: there is no dataset "fruits", only fruit; did you mean "fruit"?',
    ),
    ("init spec.yaml", "error: spec.yaml: exists already and is left as it is"),
    ("init none/spec.yaml", "error: none: there is no such folder"),
    ("demo .", "error: .: exists already and is left as it is; remove it, or name another folder"),
    (
        "demo spec.yaml",
        "error: spec.yaml: exists already and is left as it is; remove it, or name another folder",
    ),
    ("aply plan.json", 'Error: No such command "aply"; did you mean "apply"?'),
]


@pytest.mark.parametrize(("command", "line"), MISTAKES, ids=[command for command, _ in MISTAKES])
def test_a_mistake_is_one_exact_line_and_changes_nothing(command: str, line: str, shell: Shell) -> None:
    before = {path.name: path.read_bytes() for path in shell.folder.iterdir() if path.is_file()}
    done = shell.run(*command.split())
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[-1] == line
    # Wrong use of the command line is preceded by how to use it.
    assert len(lines) == 1 or lines[0].startswith("Usage: ")
    assert {p.name: p.read_bytes() for p in shell.folder.iterdir() if p.is_file()} == before


def test_several_datasets_have_to_be_told_apart(shell: Shell) -> None:
    shell.ok("import", "items.ndjson", "--dataset", "other")
    done = shell.run("items")
    assert done.stderr == "error: work.db: has 2 datasets (fruit, other); name one with --dataset\n"
    done = shell.run("plan", "spec.yaml")
    assert done.stderr == "error: work.db: has 2 datasets (fruit, other); name one with --dataset\n"


def test_fixed_counts_that_do_not_fit_are_one_line(shell: Shell) -> None:
    spec = "tasks: [{name: t, assignees: [{email: a@b.c, count: 9}]}]"
    (shell.folder / "counts.yaml").write_text(spec, encoding="utf-8")
    done = shell.run("plan", "counts.yaml", "-o", "counts.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "error: counts.yaml:1 tasks[0].assignees: fixed counts ask for 9 items, but there are 4\n"
    )
    assert not (shell.folder / "counts.json").exists()


def test_what_is_verified_but_was_not_applied(shell: Shell) -> None:
    done = shell.run("verify", "plan.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "create:label-train: not performed, or undone: nothing of it is there\n"
        "create:check-train: not performed, or undone: nothing of it is there\n"
    )


def test_the_terminal_does_not_obey_names(shell: Shell) -> None:
    item = {"id": "x", "filename": "/\x1b[31mred\x07.jpg"}
    (shell.folder / "red.ndjson").write_text(json.dumps(item), encoding="utf-8")
    shell.ok("import", "red.ndjson", "--dataset", "red")
    shown = shell.ok("items", "--dataset", "red")
    assert "/\\x1b[31mred\\x07.jpg" in shown
    assert "\x1b" not in shown


def test_a_plan_is_written_to_a_pipe_that_is_named(shell: Shell) -> None:
    done = shell.run("plan", "spec.yaml", "--json", "-o", "/dev/stderr")
    assert json.loads(done.stderr)["digest"] == json.loads(done.stdout)["digest"]


def test_a_due_date_that_is_past_is_said(shell: Shell) -> None:
    done = shell.run("plan", "--assignee", "a@b.c", "--due", "2020-01-01")
    assert done.stderr.splitlines()[0] == "warning: annotate: the due date is past"


def test_what_the_output_cannot_hold_is_a_question_mark(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    done = shell.run("show", "plan.json")
    assert (done.returncode, done.stderr) == (
        0,
        "warning: check-train: reviews the planned items of label-train; none of them is finished yet\n",
    )
    assert "???" in done.stdout


def test_an_import_that_cannot_begin_leaves_no_store(shell: Shell) -> None:
    assert shell.run("import", "none.ndjson", "--store", "new.db").returncode == 2
    assert not list(shell.folder.glob("new.db*"))


def test_items_that_a_newer_source_lacks_stay_and_are_counted(shell: Shell) -> None:
    (shell.folder / "newer.ndjson").write_text(json.dumps(ITEMS[0]), encoding="utf-8")
    done = shell.run("import", "newer.ndjson", "--dataset", "fruit")
    assert done.stdout == "fruit: 1 item read, 0 added, 0 changed, 1 unchanged\n"
    assert done.stderr == "3 other items of the dataset stay as before\n"


def test_a_source_without_items_is_said(shell: Shell) -> None:
    done = shell.run("import", "folder", "--dataset", "empty")
    assert (done.returncode, done.stderr) == (0, "warning: there is no item in folder\n")


def test_a_name_cannot_look_like_a_line_of_ours(shell: Shell) -> None:
    spec = {"tasks": [{"name": "t\nverified: all is well", "assignees": ["a@b.c"]}]}
    (shell.folder / "forged.yaml").write_text(json.dumps(spec), encoding="utf-8")
    shell.ok("plan", "forged.yaml", "-o", "forged.json")
    for command in (
        ["show", "forged.json"],
        ["rehearse", "forged.json"],
        ["apply", "forged.json"],
        ["status"],
    ):
        assert "\nverified: all is well" not in shell.ok(*command)
    assert json.loads(shell.ok("status", "--json"))["tasks"][0]["name"] == "t\nverified: all is well"


def test_json_holds_no_control_characters(shell: Shell) -> None:
    (shell.folder / "odd.ndjson").write_text('{"id": "x", "filename": "/\x9b31m"}', encoding="utf-8")
    shell.ok("import", "odd.ndjson", "--dataset", "odd")
    printed = shell.ok("items", "--dataset", "odd", "--json")
    assert "\x9b" not in printed
    assert json.loads(printed)["listed"][0]["filename"] == "/\x9b31m"


def test_a_plan_from_a_file_is_for_the_dataset_that_the_spec_names(shell: Shell) -> None:
    (shell.folder / "named.yaml").write_text("dataset: fruit\n" + SPEC, encoding="utf-8")
    done = shell.run("plan", "named.yaml", "--from", "items.ndjson", "-o", "named.json")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        0,
        "written to named.json; next: taskplan import items.ndjson --dataset fruit, "
        "then taskplan apply named.json",
    )
    shell.ok("rehearse", "named.json")


def test_a_drifted_store_is_told_line_by_line(shell: Shell) -> None:
    spec = "tasks: [{name: t, filter: {metadata.system.refs: []}, assignees: [a@b.c]}]"
    (shell.folder / "free.yaml").write_text(spec, encoding="utf-8")
    shell.ok("plan", "free.yaml", "-o", "free.json")
    shell.ok("apply", "plan.json")
    done = shell.run("apply", "free.json")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines() == [
        "error: 4 things have changed since the plan was made; nothing was written "
        "(--allow-drift leaves them out)",
        *(
            f'  create:t: /train/{number}.jpg no longer satisfies {{"metadata.system.refs":[]}}'
            for number in range(4)
        ),
    ]
    done = shell.run("rehearse", "free.json", "--allow-drift")
    assert (done.returncode, done.stdout) == (0, "nothing was done: drift has left nothing of the plan\n")


def test_a_plan_that_was_applied_is_not_written_over(shell: Shell) -> None:
    shell.ok("apply", "plan.json")
    before = (shell.folder / "plan.json").read_bytes()
    done = shell.run("plan", "--assignee", "z@y.x", "-o", "plan.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: plan.json: holds a plan that was applied to work.db, and undo needs it; "
        "write to another file, or undo it first\n"
    )
    assert (shell.folder / "plan.json").read_bytes() == before
    shell.ok("undo", "plan.json")
    shell.ok("plan", "--assignee", "z@y.x", "-o", "plan.json")


def test_what_is_done_already_is_said_before_and_after(shell: Shell) -> None:
    shell.ok("plan", "--assignee", "z@y.x", "--name", "one", "--where", "name: 0.jpg", "-o", "one.json")
    shell.ok("apply", "one.json")
    spec = {
        "tasks": [
            {"name": "one", "filter": {"name": "0.jpg"}, "assignees": ["z@y.x"]},
            {"name": "two", "filter": {"name": "1.jpg"}, "assignees": ["z@y.x"]},
        ]
    }
    (shell.folder / "both.yaml").write_text(json.dumps(spec), encoding="utf-8")
    done = shell.run("plan", "both.yaml", "-o", "both.json")
    assert "done already, and not done again: one\n" in done.stderr
    lines = shell.ok("apply", "both.json").splitlines()
    assert lines[0].startswith("done already: one, task ")
    assert lines[1].startswith("applied two: 1 item, 1 assignment, task ")


def test_drift_that_leaves_nothing_is_said(shell: Shell) -> None:
    where = "{name: 0.jpg, metadata.system.refs: []}"
    for name in ("one", "two"):
        shell.ok("plan", "--assignee", "z@y.x", "--name", name, "--where", where, "-o", f"{name}.json")
    shell.ok("apply", "one.json")
    done = shell.run("apply", "two.json", "--allow-drift")
    assert (done.returncode, done.stdout) == (0, "nothing was done: drift has left nothing of the plan\n")
    assert done.stderr.splitlines() == [
        "warning: 2 things had changed, and no longer count",
        '  create:two: /train/0.jpg no longer satisfies {"metadata.system.refs":[]}',
        "  create:two: nothing is left of it",
    ]


def test_an_item_is_explained_as_the_plan_found_it(shell: Shell) -> None:
    where = "{name: 0.jpg, metadata.system.refs: []}"
    shell.ok("plan", "--assignee", "z@y.x", "--where", where, "-o", "one.json")
    ask = ("explain", "one.json", "--store", "work.db", "--item", "/train/1.jpg")
    before = shell.ok(*ask)
    shell.ok("apply", "one.json")
    assert shell.ok(*ask) == before


def test_a_share_may_be_given_on_the_command_line(shell: Shell) -> None:
    plan = shell.json("plan", "--assignee", "{email: a@b.c, weight: 3}", "--assignee", "d@e.f")
    assert [share["items"] for share in plan["operations"][0]["allocation"]["shares"]] == [3, 1]
    done = shell.run("plan", "--assignee", "{email: a@b.c, wieght: 3}")
    assert done.returncode == 2
    assert 'wieght: unknown field; did you mean "weight"?' in done.stderr


def test_nothing_printed_to_a_pipe_ends_in_spaces(shell: Shell) -> None:
    shell.ok("apply", "plan.json")
    for command in (["show", "plan.json"], ["status"], ["items"], ["strategies"], ["items", "--explain"]):
        assert not any(line.endswith(" ") for line in shell.ok(*command).split("\n"))


def test_a_query_that_matches_nothing_says_why(shell: Shell) -> None:
    done = shell.run("items", "--count", "--where", "dir: train")
    assert (done.stdout, done.stderr) == (
        "0\n",
        'warning: no item satisfies {"dir":"train"}; did you mean "/train"?\n',
    )


def test_names_cannot_turn_the_direction_of_writing(shell: Shell) -> None:
    (shell.folder / "odd.ndjson").write_text('{"id": "x", "filename": "/\\u202egpj.exe"}', encoding="utf-8")
    shell.ok("import", "odd.ndjson", "--dataset", "odd")
    assert "/\\u202egpj.exe" in shell.ok("items", "--dataset", "odd")
    assert "\u202e" not in shell.ok("items", "--dataset", "odd", "--json")
