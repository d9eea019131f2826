"""The nearest name, among few and among very many."""

from __future__ import annotations

from taskplan.errors import MOST_COMPARED, did_you_mean, nearest


def test_the_nearest_of_few() -> None:
    assert nearest("fruits", ["cars", "fruit"]) == "fruit"
    assert nearest("x", ["fruit"]) is None
    assert did_you_mean("fruits", ["fruit"]) == 'did you mean "fruit"?'
    assert did_you_mean("x", []) is None


def test_the_nearest_of_very_many_begins_alike() -> None:
    names = [f"/{letter}/{number:06}.jpg" for letter in "abc" for number in range(MOST_COMPARED)]
    found = nearest("/b/00077.jpg", names)
    assert found is not None
    assert found.startswith("/b/0")
    assert nearest("/d/00077.jpg", names) is None
