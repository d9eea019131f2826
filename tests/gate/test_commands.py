"""`taskplan serve` and `taskplan run` as a person types them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from taskplan.planning.codec import read_plan
from tests.gate.scripts import TASKPLAN, run_script
from tests.replay.support import dump, new_store

SCRIPT = """
import sys
import dtlpy as dl

dl.setenv('prod')
dl.login_m2m(email='bot@example.com', password='secret')
dataset = dl.projects.get(project_name='local').datasets.get(dataset_name='fruit')
filters = dl.Filters(field='dir', values='/train')
task = dataset.tasks.create(task_name='label', due_date=2e9, assignee_ids=['a@b.c', 'd@e.f'], filters=filters)
task.set_status(status='completed', operation='create', item_ids=[i.id for i in task.get_items().all()][:3])
qa = dataset.tasks.create_qa_task(task=task, due_date=2e9, assignee_ids=['g@h.i'])
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_store(tmp_path)
    (tmp_path / "home").mkdir()
    return tmp_path


def taskplan(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TASKPLAN, *args], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_script_changes_a_copy_and_keeps_its_exit_code(folder: Path) -> None:
    before = dump(folder / "work.db")
    outcome = run_script(folder, SCRIPT, "--save-plan", "plan.json", preamble="", args=("7",))
    assert outcome.code == 7
    assert dump(folder / "work.db") == before
    assert list((folder / "home").iterdir()) == []
    assert outcome.tasks["label"]["items"] == {"a@b.c": 15, "d@e.f": 15}
    assert outcome.tasks["label_qa"]["items"] == {"g@h.i": 3}
    assert outcome.said["warnings"] == []
    plan = read_plan(folder / "plan.json")
    assert [operation.id for operation in plan.operations] == ["create:label", "create:label_qa"]
    assert plan.operations[1].depends_on == ("create:label",)
    for command in ("show plan.json", "diff plan.json plan.json", "apply plan.json --store work.db"):
        done = taskplan(folder, *command.split())
        assert done.returncode == 0, done.stderr
    assert "verified: what was made is what the plan says" in done.stdout
    assert taskplan(folder, "undo", "plan.json", "--store", "work.db").returncode == 0
    assert dump(folder / "work.db") == before


def test_the_same_script_gives_the_same_plan(folder: Path) -> None:
    for name in ("one.json", "two.json"):
        assert run_script(folder, SCRIPT, "--save-plan", name, preamble="", args=("0",)).code == 0
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()


def test_in_place_keeps_what_the_script_did(folder: Path) -> None:
    assert run_script(folder, SCRIPT, "--in-place", preamble="", args=("0",)).code == 0
    done = taskplan(folder, "status", "--store", "work.db", "--json")
    found = {task["name"]: task["items"] for task in json.loads(done.stdout)["tasks"]}
    assert found == {"label": 30, "label_qa": 3}


def test_what_a_script_did_is_told(folder: Path) -> None:
    script = """
    import dtlpy as dl
    if dl.token_expired():
        dl.login()
    project = dl.projects.get(project_name='local')
    project.add_member(email='a@b.c', role='annotator')
    dataset = project.datasets.get(dataset_name='fruit')
    none = dl.Filters(field='dir', values='/nowhere')
    dataset.tasks.create(task_name='nothing', due_date=2e9, assignee_ids=['a@b.c'], filters=none)
    dataset.tasks.create(task_name='odd', due_date=2e9, assignee_ids=['a@b.c', 'x@y.z', 'a@c.d'])
    """
    (folder / "told.py").write_text("\n".join(line[4:] for line in script.splitlines()), encoding="utf-8")
    done = taskplan(folder, "run", "--store", "work.db", "told.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "what the script did on a copy of work.db",
        "created nothing (annotation): 0 items",
        "created odd (annotation): 40 items",
        "  assignee  items  share",
        "  a@b.c        14  35.0%",
        "  x@y.z        13  32.5%",
        "  a@c.d        13  32.5%",
    ]
    told = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert told == [
        "warning: odd: the SDK has rounded an even workload to 34, 33, 33 percent",
        "warning: nothing: its query matched nothing",
        "warning: odd: x@y.z is no member of the project",
        "warning: odd: a@c.d is no member of the project",
    ]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("run none.py --store work.db", "error: none.py: there is no such script"),
        (
            "run --store none.db script.py",
            "error: none.db: there is no store here; `taskplan import PATH --store none.db` makes one",
        ),
        ("serve --store none.db", "error: none.db: there is no store here; --new makes an empty one"),
        (
            "serve --store work.db --user me",
            "Error: Invalid value for '--user': expected an e-mail address, got \"me\"",
        ),
    ],
)
def test_a_mistake_is_one_line(command: str, line: str, folder: Path) -> None:
    (folder / "script.py").write_text("", encoding="utf-8")
    done = taskplan(folder, *command.split())
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", line)


def test_a_port_that_is_taken_is_told(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = taskplan(folder, "serve", "--store", "work.db", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"error: port {port} of 127.0.0.1 cannot be used: Address already in use\n"


def test_serve_answers_until_ctrl_c(folder: Path) -> None:
    server = subprocess.Popen(
        [TASKPLAN, "serve", "--store", "new.db", "--new"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    try:
        assert server.stdout is not None
        lines = [server.stdout.readline().rstrip() for _ in range(7)]
        url, token = lines[0].removeprefix("gate:  "), lines[1].removeprefix("token: ")
        assert url.startswith("http://127.0.0.1:")
        origin = url.removesuffix("/api/v1")
        assert lines[2:] == [
            f"page:  {origin}/#token={token}",
            "",
            "import dtlpy as dl",
            f'dl.client_api.add_environment("{url}", gate_url="{url}")',
            f'dl.setenv("{url}"); dl.login_token("{token}")',
        ]
        request = urllib.request.Request(f"{url}/projects", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer) == []
    finally:
        server.send_signal(signal.SIGINT)
        out, talk = server.communicate(timeout=20)
    assert (server.returncode, out, talk) == (0, "", "Ctrl-C ends it\n")


def test_without_the_extra_the_extra_is_named(folder: Path) -> None:
    script = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['taskplan', 'serve', '--store', 'work.db'];"
        "from taskplan.cli.main import main; main()"
    )
    python = str(Path(TASKPLAN).with_name("python"))
    done = subprocess.run([python, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        'error: `taskplan serve` needs the extra "gate": pip install "taskplan[gate]"\n',
    )
