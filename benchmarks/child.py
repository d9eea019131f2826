"""A function in a process of its own, so that its peak memory is its own: ``python -m benchmarks.child``."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def in_process(function: str, **arguments: Any) -> dict[str, Any]:
    """Call ``module:function`` with JSON arguments in a fresh process; return what it returns, a dict.

    ``peak_mb`` is added: the most memory that the process had. RuntimeError with
    the last line of what it said where it fails.
    """
    command = [sys.executable, "-m", "benchmarks.child", function, json.dumps(arguments, default=str)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{function}: {done.stderr.strip() or f'ended with {done.returncode}'}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_mb() -> float:
    """Return the most memory that this process has had, or has had since `forget_peak`."""
    # The operating system's own figure includes what the parent had before this program was started.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def forget_peak() -> None:
    """Begin to measure the peak anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_of(megabytes: int) -> dict[str, Any]:
    """Hold so much memory, to see that it is measured."""
    held = bytes(range(250)) * (megabytes * 4000)
    return {"peak_mb": peak_mb(), "held": len(held)}


def main() -> None:
    """Run what the command line says."""
    module, _, name = sys.argv[1].partition(":")
    result = getattr(import_module(module), name)(**json.loads(sys.argv[2]))
    print(json.dumps({"peak_mb": peak_mb(), **result}))


if __name__ == "__main__":
    main()
