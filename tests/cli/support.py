"""The command as a person types it, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
SPEC = """\
tasks:
  - name: label-train
    filter: {dir: /train}
    assignees: [ann@example.com, ben@example.com]
  - name: check-train
    type: qa
    of: label-train
    assignees: [cat@example.com]
"""


class Shell:
    """Runs the command in a folder and keeps the store's name out of the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *args: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TASKPLAN, *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            env={**os.environ, "TASKPLAN_STORE": "work.db", "COLUMNS": str(columns)},
        )

    def ok(self, *args: str) -> str:
        done = self.run(*args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *args: str) -> Any:
        return json.loads(self.ok(*args, "--json"))
