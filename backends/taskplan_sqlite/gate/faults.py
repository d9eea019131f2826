"""Failures on purpose, by a schedule: what a client has to live with, before and after the gate has acted.

A schedule is a list of rules, each with what it is about (``method``, ``path`` as
a glob), when (``skip`` the first so many matching requests,
then ``times`` of them; 0 is for ever) and what happens (``fault``). YAML:

    faults:
      - {path: "*/addToTask", method: POST, skip: 1, fault: {kind: status, status: 502, when: after}}
      - {path: "*", fault: {kind: slow, seconds: 0.2}, times: 0}
"""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from taskplan.errors import InputError

When = Literal["before", "after"]
Kind = Literal["status", "reset", "slow", "truncate", "command-fails", "expired-token"]
Seconds = Annotated[float, Meta(ge=0, le=600)]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a request.

    ``status``: an answer with `status` (`retry_after` seconds as a header), before
    the gate has acted or after. ``reset``: the connection is cut, before or after.
    ``slow``: the answer takes `seconds` longer. ``truncate``: half an answer, then
    the connection is cut. ``command-fails``: a command that was started ends as
    failed, `when` tells whether nothing or all of it was done. ``expired-token``: 401.
    """

    kind: Kind
    when: When = "before"
    status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after: Seconds | None = None
    seconds: Seconds = 1.0


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """Which requests a fault is for: `path` is a glob, `skip` and `times` count those that match."""

    fault: Fault
    path: str = "*"
    method: str | None = None
    skip: Annotated[int, Meta(ge=0)] = 0
    times: Annotated[int, Meta(ge=0)] = 1


class Schedule(msgspec.Struct, forbid_unknown_fields=True):
    """The rules of a file, in the order in which they are asked."""

    faults: list[Rule]


class Faults:
    """Decides for each request whether something happens to it; safe to use from several threads."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self._rules = [(rule, [0]) for rule in rules or ()]
        self._lock = threading.Lock()
        self.struck = 0

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault that the next request meets, if any; the first rule that is due wins."""
        with self._lock:
            due: Fault | None = None
            for rule, met in self._rules:
                if rule.method not in (None, method) or not fnmatchcase(path, rule.path):
                    continue
                met[0] += 1
                turn = met[0] - rule.skip
                if due is None and turn > 0 and (rule.times == 0 or turn <= rule.times):
                    due = rule.fault
            self.struck += due is not None
            return due


def read_faults(path: Path) -> Faults:
    """Read a schedule from YAML; InputError names the file and the field."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"is no YAML: {str(error).splitlines()[0]}", source=str(path)) from error
    try:
        return Faults(msgspec.convert(found, Schedule).faults)
    except msgspec.ValidationError as error:
        words, _, where = str(error).partition(" - at `$")
        field = where.rstrip("`").lstrip(".") or None
        raise InputError(words[:1].lower() + words[1:], source=str(path), path=field) from error
