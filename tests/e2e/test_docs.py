"""Every command that README.md and docs/ show is run, and prints what they show.

A page's ``console`` blocks are run in order in a copy of the folder that
``taskplan demo`` makes; a ``python`` block is run as a script. With
TASKPLAN_WRITE_DOCS=1 the real output is written into the pages instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Other commands of the README are those that `.ci/run` reads out of it and runs.
INSTALLING = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What differs from run to run: times, and the port and the token of a gate.
VARYING = (
    (re.compile(r"\(\d+\.\d s\)"), "(1.5 s)"),
    (re.compile(r"passed in \d+\.\d+s"), "passed in 1.50s"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:41234"),
    # The platform gives the ids of its tasks.
    (re.compile(r"(applied tunnels: .* task )[0-9a-f]{24}"), r"\g<1>6b06a7c5db74775f0302efd8"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "eyJhbGciOi…"),
)


def run(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTHONIOENCODING": "utf-8",
        "PYTEST_ADDOPTS": "",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    printed = "\n".join(lines).strip("\n")
    for pattern, shown in VARYING:
        printed = pattern.sub(shown, printed)
    return printed


def transcript(block: str, folder: Path) -> str:
    """Run the block's commands again and return the block with what they print now."""
    parts = []
    for line in block.splitlines():
        if line.startswith("$ "):
            parts.append(line)
            printed = run(line[2:], folder)
            if printed:
                parts.append(printed)
    return "\n".join(parts) + "\n"


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    run("taskplan demo", folder)
    shutil.copytree(ROOT / "examples", folder / "taskplan-demo" / "examples")
    return folder / "taskplan-demo"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_its_commands_print(page: Path, demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "taskplan-demo"
    shutil.copytree(demo_folder, folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    text = page.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{page.name} shows no command"
    real = text
    for found in blocks:
        if found[1] == "python":
            script = folder / "script.py"
            script.write_text(found[2], encoding="utf-8")
            printed = run(f"python -W error {script.name}", folder)
            assert "Traceback" not in printed, printed
        else:
            # The demo makes its folder anew.
            where = empty if "taskplan demo" in found[2] else folder
            real = real.replace(found[2], transcript(found[2], where))
    if os.environ.get("TASKPLAN_WRITE_DOCS"):
        page.write_text(real, encoding="utf-8")
    assert real == text


def test_the_readme_has_the_commands_that_ci_reads_from_it() -> None:
    commands = "".join(found[1] for found in INSTALLING.finditer((ROOT / "README.md").read_text("utf-8")))
    assert commands.count("taskplan demo") == 1
    assert commands.count("/pytest") == 1


def test_no_page_shows_a_command_that_is_not_run() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        rest = INSTALLING.sub("", BLOCK.sub("", text)) if page.name == "README.md" else BLOCK.sub("", text)
        assert not re.search(r"^\s*\$ ", rest, re.MULTILINE), f"{page.name} shows a command outside a block"
