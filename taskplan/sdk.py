"""Importing the platform's SDK so that the state of its user is neither read nor written."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from taskplan.errors import InputError


def import_sdk(home: Path) -> Any:
    """Import the SDK; a first import keeps its state in `home`. InputError where it is not installed."""
    first = "dtlpy" not in sys.modules
    before = os.environ.get("DATALOOP_PATH")
    if first:
        os.environ["DATALOOP_PATH"] = str(home)
    try:
        import dtlpy
    except ImportError as error:
        raise InputError("the SDK is not installed here", hint="pip install dtlpy") from error
    finally:
        if first and before is None:
            del os.environ["DATALOOP_PATH"]
        elif first and before is not None:
            os.environ["DATALOOP_PATH"] = before
    return dtlpy
