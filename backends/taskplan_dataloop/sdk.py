"""Importing the SDK so that the state of its user is neither read nor written."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from taskplan.errors import MissingExtraError


def import_sdk(home: Path) -> Any:
    """Import the SDK; a first import keeps its state in `home`. MissingExtraError without it."""
    first = "dtlpy" not in sys.modules
    before = os.environ.get("DATALOOP_PATH")
    if first:
        os.environ["DATALOOP_PATH"] = str(home)
    try:
        import dtlpy
    except ImportError as error:
        raise MissingExtraError('the backend "dataloop"', "dataloop") from error
    finally:
        if first and before is None:
            del os.environ["DATALOOP_PATH"]
        elif first and before is not None:
            os.environ["DATALOOP_PATH"] = before
    return dtlpy
