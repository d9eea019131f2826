"""How much CPU does it take until the command line answers?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
SQLITE_UTILS = str(Path(sys.executable).with_name("sqlite-utils"))


def run(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Measure user + system seconds of whole processes; `scale` does not matter here."""
    with tempfile.TemporaryDirectory() as folder:
        items = Path(folder) / "items.csv"
        items.write_text("filename\n" + "".join(f"/a/{number}.jpg\n" for number in range(100)))
        store = str(Path(folder) / "small.db")
        subprocess.run([TASKPLAN, "import", str(items), "--store", store], check=True, capture_output=True)
        help_seconds = _cpu([TASKPLAN, "--help"], repeat)
        status_seconds = _cpu([TASKPLAN, "status", "--store", store], repeat)
    click_seconds = _cpu([sys.executable, "-c", "import click"], repeat)
    rival_seconds = _cpu([SQLITE_UTILS, "--help"], repeat)
    return [
        _row("taskplan --help", "taskplan", help_seconds, click_seconds, 0.150),
        _row("taskplan --help", 'python -c "import click"', click_seconds, click_seconds, None),
        _row("taskplan status, small store", "taskplan", status_seconds, rival_seconds, 0.750),
        _row("taskplan status, small store", "sqlite-utils --help", rival_seconds, rival_seconds, None),
    ]


def _row(
    question: str, subject: str, seconds: float, reference: float, limit: float | None
) -> dict[str, Any]:
    return {
        "question": question,
        "subject": subject,
        "seconds": seconds,
        "ratio": seconds / reference,
        "limit": f"≤ {1000 * limit:.0f} ms CPU" if limit else None,
        "ok": seconds <= limit if limit else None,
        "note": "CPU seconds",
    }


def _cpu(command: list[str], repeat: int) -> float:
    """Return the median user + system time of a command, as the operating system counts it."""
    figures = []
    for _ in range(repeat + 1):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        figures.append(usage.ru_utime + usage.ru_stime)
    return median(figures[1:])
