"""What was measured, when, on what, of which commit: files in ``benchmarks/results/``, and their history."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bandwidth import bandwidth
from benchmarks.rows import Row

FOLDER = Path(__file__).with_name("results")
Result = dict[str, Any]


def result_of(rows: list[Row], scale: float, repeat: int) -> Result:
    """Return rows with all that has to be known to compare them with others."""
    now = datetime.now(UTC)
    commit = _git("rev-parse", "HEAD")
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit or "unknown",
        # Results do not change what is measured.
        "dirty": bool(
            _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results")
        ),
        "machine": machine(),
        "results": [{**row, "scale": scale, "repeat": repeat} for row in rows],
    }


def machine() -> dict[str, Any]:
    """Describe this machine."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bandwidth_gb_s": round(bandwidth() / 1e9, 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def record(result: Result, folder: Path = FOLDER) -> Path:
    """Keep a result; one of the same day and commit is completed, and what was measured again replaced."""
    path = folder / f"{result['date'][:10]}-{result['commit'][:7]}.json"
    rows = result["results"]
    if path.exists():
        again = {row["benchmark"] for row in rows}
        before = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in before["results"] if row["benchmark"] not in again] + rows
        result = {**result, "dirty": result["dirty"] or before["dirty"], "results": rows}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def recorded(folder: Path = FOLDER) -> list[Result]:
    """Return the results that were kept, oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(found, key=lambda result: str(result["date"]))


def history(results: list[Result], name: str | None = None) -> list[dict[str, Any]]:
    """Return how the ratios developed: for each subject that has one, a ratio or None for each result.

    `name` is that of a benchmark, or a part of a question.
    """
    found: dict[tuple[str, str, str], list[float | None]] = {}
    for place, result in enumerate(results):
        for row in result["results"]:
            if row.get("ratio") is None:
                continue
            if name is not None and name != row["benchmark"] and name not in row["question"]:
                continue
            key = row["benchmark"], row["question"], row["subject"]
            found.setdefault(key, [None] * len(results))[place] = row["ratio"]
    return [
        {"benchmark": benchmark, "question": question, "subject": subject, "ratios": ratios}
        for (benchmark, question, subject), ratios in found.items()
    ]


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=FOLDER.parents[1], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    models = [
        line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
    ]
    return models[0] if models else platform.processor()
