"""A calibration as a workforce file: YAML in which every number says what stands behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
import yaml

from taskplan.errors import InputError
from taskplan.model.times import moment
from taskplan.planning.spec_shape import Email
from taskplan.simulation.calibration import Calibration, Learned
from taskplan.simulation.estimates import Estimate, Rate
from taskplan.simulation.workforce import OTHER
from taskplan.text import clean, plural

_PLAIN = re.compile(r"[A-Za-z][\w./@+-]*", re.ASCII)


def workforce_yaml(calibration: Calibration, *, zone: str | None = None) -> str:
    """Return the workforce file; `zone` is everybody's time zone, where it is given.

    InputError where nothing but reviews was timed, of which no workforce can be made.
    """
    if not calibration.team.minutes:
        raise InputError(
            "nothing but reviews was timed, and a workforce needs the minutes of annotating",
            source=calibration.dataset,
        )
    lines = [*_head(calibration), "team:", *_numbers(calibration.team, "  ", team=True)]
    lines.append("  shape: lognormal")
    if zone is not None:
        lines.append(f"  zone: {_text(zone)}")
    return "\n".join((*lines, *_people(calibration), ""))


def _head(found: Calibration) -> Iterator[str]:
    yield f"# Learned from {plural(found.timed, 'timed item')} of {clean(found.dataset)}, finished between"
    yield f"# {moment(found.first)} and {moment(found.last)}."
    yield f"# Pauses of {found.gap:g} minutes or more are breaks and were left out."
    yield "# Behind a number stands between which others the true one lies, in nine of ten cases."
    if found.kind is not None:
        yield f"kind: {_text(found.kind)}"


def _people(found: Calibration) -> Iterator[str]:
    people = {who: learned for who, learned in found.people.items() if _is_email(who)}
    if people:
        yield "# Who is new needs no more than their e-mail, and is as the team."
        yield "people:"
    for email, learned in people.items():
        yield f"  - email: {_text(email)}"
        yield from _numbers(learned, "    ")
    for who in sorted(found.people.keys() - people.keys()):
        yield f"# {clean(who)} is no e-mail address, and is left out."


def _is_email(who: str) -> bool:
    try:
        msgspec.convert(who, Email)
    except msgspec.ValidationError:
        return False
    return True


def _numbers(learned: Learned, indent: str, *, team: bool = False) -> Iterator[str]:
    yield from _minutes(learned.minutes, indent, team=team)
    if learned.review is not None:
        yield f"{indent}review: {_number(learned.review.minutes)}  # {_of_minutes(learned.review, team=team)}"
    if learned.cv is not None:
        yield f"{indent}cv: {_number(learned.cv)}"
    if learned.errors is not None:
        # Rounding must not make a certainty of it.
        rate = min(learned.errors.rate, 0.999)
        yield f"{indent}errors: {_number(rate)}  # {_of_errors(learned.errors, team=team)}"


def _minutes(minutes: Mapping[str, Estimate], indent: str, *, team: bool) -> Iterator[str]:
    if minutes.keys() == {OTHER}:
        one = minutes[OTHER]
        yield f"{indent}minutes: {_number(one.minutes)}  # {_of_minutes(one, team=team)}"
    elif minutes:
        yield f"{indent}minutes:"
        for kind, one in minutes.items():
            yield f"{indent}  {_text(kind)}: {_number(one.minutes)}  # {_of_minutes(one, team=team)}"


def _of_minutes(one: Estimate, *, team: bool) -> str:
    if not one.items:
        return "as the team, from no items of their own"
    between = f"{_number(one.low)} to {_number(one.high)}, from {plural(one.items, 'item')}"
    return between if team else f"{between}, own data counts {100 * one.weight:.0f} %"


def _of_errors(rate: Rate, *, team: bool) -> str:
    sent = f"{rate.sent_back:,} of {rate.reviewed:,} reviewed sent back"
    return sent if team else f"{sent}, own data counts {100 * rate.weight:.0f} %"


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    """A text as YAML: plain where that is the same text, else in double quotes."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=False, width=1_000_000)
    return quoted.strip()
