"""Runs a script with the SDK pointed at a gate and logged in: ``python -m … script.py args``.

The SDK keeps its state in the folder that DATALOOP_PATH names, which is a
throwaway one here, so that the user's own is not touched. Logging in again is
answered as done; another environment is not taken, for the script is to stay here.
"""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from taskplan.sdk import import_sdk
from taskplan_sqlite.gate.sdk import LOGINS, point_at


def stay_here(dl: Any) -> None:
    """Let logins and other environments change nothing."""

    def done(*args: Any, **kwargs: Any) -> bool:
        return True

    for name in (*LOGINS, "setenv"):
        for owner in (dl, dl.client_api):
            if hasattr(owner, name):
                setattr(owner, name, done)


def main() -> None:
    """Run the script that the command line names."""
    script = sys.argv[1]
    dl = import_sdk(Path(os.environ["DATALOOP_PATH"]))
    point_at(dl, os.environ["TASKPLAN_GATE"], os.environ["TASKPLAN_GATE_TOKEN"])
    stay_here(dl)
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    sys.excepthook = partial(_tell, script)
    runpy.run_path(script, run_name="__main__")


def _tell(script: str, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does for the script alone, without the frames of this runner."""
    frame = trace
    while frame is not None and frame.tb_frame.f_code.co_filename != script:
        frame = frame.tb_next
    traceback.print_exception(kind, error, frame)


if __name__ == "__main__":
    main()
