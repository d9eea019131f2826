"""Runs a script with the SDK pointed at a gate and logged in: ``python -m … script.py args``.

The SDK keeps its state in the folder that DATALOOP_PATH names, which is a
throwaway one here, so that the user's own is not touched. Logging in again is
answered as done; another environment is not taken, for the script is to stay here.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

LOGINS = ("login", "login_m2m", "login_secret", "login_api_key", "login_token", "logout")


def point_sdk_at(url: str, token: str) -> Any:
    """Import the SDK, make the gate its environment, and return it."""
    import dtlpy as dl

    dl.client_api.add_environment(environment=url, gate_url=url, alias="taskplan", token=token)
    dl.setenv(url)

    def done(*args: Any, **kwargs: Any) -> bool:
        return True

    for name in LOGINS:
        for owner in (dl, dl.client_api):
            if hasattr(owner, name):
                setattr(owner, name, done)
    dl.setenv = dl.client_api.setenv = done
    return dl


def main() -> None:
    """Run the script that the command line names."""
    script = sys.argv[1]
    point_sdk_at(os.environ["TASKPLAN_GATE"], os.environ["TASKPLAN_GATE_TOKEN"])
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
