"""Strategies by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from taskplan.allocation import registry
from taskplan.allocation.registry import list_strategies, load_strategy
from taskplan.allocation.strategies.equal import Equal
from taskplan.allocation.strategies.weighted import Weighted
from taskplan.errors import InputError, NotFoundError


def test_strategies_are_listed_with_their_options() -> None:
    listed = {info.name: info for info in list_strategies()}
    assert listed["equal"].options == ()
    assert listed["weighted"].options == ("method",)
    assert (
        listed["equal"].summary == "Counts that differ by at most one; the first listed get the extra ones."
    )
    assert list(listed) == sorted(listed)


def test_loading() -> None:
    assert isinstance(load_strategy("equal"), Equal)
    weighted = load_strategy("weighted", {"method": "d-hondt"})
    assert isinstance(weighted, Weighted)
    assert weighted.method == "jefferson"


def test_an_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        load_strategy("wieghted")
    assert str(caught.value).startswith('there is no strategy "wieghted", only ')
    assert str(caught.value).endswith('; did you mean "weighted"?')


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        (
            "weighted",
            "metod",
            'strategy "weighted" takes no option "metod" (it takes: method); did you mean "method"?',
        ),
        ("equal", "method", 'strategy "equal" takes no option "method" (it takes: none)'),
    ],
)
def test_a_wrong_option(name: str, option: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_strategy(name, {option: 1})
    assert str(caught.value) == message


def test_a_wrong_value_of_an_option() -> None:
    with pytest.raises(InputError) as caught:
        load_strategy("weighted", {"method": 3})
    assert str(caught.value) == "expected the name of an apportionment method, got 3"


def test_a_strategy_of_a_third_party_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("lottery", "no_such_module_anywhere:Lottery", registry.GROUP)
    found: Any = {"lottery": broken}
    monkeypatch.setattr(registry, "_found", lambda: found)
    with pytest.raises(InputError) as caught:
        load_strategy("lottery")
    assert str(caught.value) == (
        'strategy "lottery" (no_such_module_anywhere:Lottery) cannot be loaded: '
        "No module named 'no_such_module_anywhere'"
    )


class Lottery:
    """Draw lots."""

    def __init__(self, tickets: int = 1) -> None:
        if tickets < 1:
            raise ValueError("tickets must be at least 1")


def test_options_that_a_strategy_of_a_third_party_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("lottery", f"{__name__}:Lottery", registry.GROUP)
    found: Any = {"lottery": entry}
    monkeypatch.setattr(registry, "_found", lambda: found)
    monkeypatch.setattr(registry, "_factory", lambda entry: Lottery)
    with pytest.raises(InputError) as caught:
        load_strategy("lottery", {"tickets": 0})
    assert str(caught.value) == 'strategy "lottery" does not take these options: tickets must be at least 1'


def test_what_is_installed_is_looked_through_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    looked: list[str] = []

    def scan(*, group: str) -> list[EntryPoint]:
        looked.append(group)
        return [EntryPoint("lottery", f"{__name__}:Lottery", group)]

    monkeypatch.setattr(registry, "entry_points", scan)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [info.name for info in list_strategies()] == ["lottery"]
    assert isinstance(load_strategy("lottery"), Lottery)
    assert looked == [registry.GROUP]


def test_a_strategy_on_a_path_added_later_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "lottery" not in {info.name for info in list_strategies()}
    about = tmp_path / "lottery-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lottery\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        f"[{registry.GROUP}]\nlottery = {__name__}:Lottery\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(load_strategy("lottery"), Lottery)
