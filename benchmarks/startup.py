"""How much CPU does it take until the command line answers?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.rows import Row, row

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
SQLITE_UTILS = str(Path(sys.executable).with_name("sqlite-utils"))
HELP_SECONDS, HELP_RATIO, STATUS_SECONDS = 0.150, 1.5, 0.750
CPU = "CPU seconds"


def run(scale: float, repeat: int) -> list[Row]:
    """Measure user + system seconds of whole processes; `scale` does not matter here."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        items = Path(folder) / "items.csv"
        items.write_text("filename\n" + "".join(f"/a/{number}.jpg\n" for number in range(100)))
        store = str(Path(folder) / "small.db")
        subprocess.run([TASKPLAN, "import", str(items), "--store", store], check=True, capture_output=True)
        commands = {
            "help": [TASKPLAN, "--help"],
            "click": [python, "-c", "import click"],
            "click, numpy": [python, "-c", "import click, numpy"],
            "status": [TASKPLAN, "status", "--store", store],
            "sqlite-utils": [SQLITE_UTILS, "--help"],
        }
        taken = dict(zip(commands, cpu_in_turn(list(commands.values()), repeat), strict=True))
    # Whichever is larger.
    most = max(HELP_SECONDS, HELP_RATIO * taken["click, numpy"])
    return [
        row(
            "taskplan --help",
            "taskplan",
            taken["help"],
            taken["help"] / taken["click, numpy"],
            limit=f"≤ {1000 * HELP_SECONDS:.0f} ms, or 1.5 × click, numpy",
            ok=taken["help"] <= most,
            note=CPU,
        ),
        *(
            row(
                "taskplan --help",
                f'python -c "import {name}"',
                taken[name],
                taken["help"] / taken[name],
                note=CPU,
            )
            for name in ("click, numpy", "click")
        ),
        row(
            "taskplan status, small store",
            "taskplan",
            taken["status"],
            taken["status"] / taken["sqlite-utils"],
            limit=f"≤ {1000 * STATUS_SECONDS:.0f} ms",
            ok=taken["status"] <= STATUS_SECONDS,
            note=CPU,
        ),
        row(
            "taskplan status, small store",
            "sqlite-utils --help",
            taken["sqlite-utils"],
            taken["status"] / taken["sqlite-utils"],
            note=CPU,
        ),
    ]


def cpu_in_turn(commands: list[list[str]], repeat: int) -> list[float]:
    """Return the median user + system time of each command, as the operating system counts it, in turn."""
    figures: list[list[float]] = [[] for _ in commands]
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        # As where it is installed: what is imported was compiled before, in the round that does not count.
        environment["PYTHONPYCACHEPREFIX"] = folder
        for round_number in range(repeat + 1):
            for command, taken in zip(commands, figures, strict=True):
                used = _cpu(command, environment)
                if round_number:
                    taken.append(used)
    return [median(taken) for taken in figures]


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime
