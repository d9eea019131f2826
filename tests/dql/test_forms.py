"""The SDK's Filters object, its JSON and the short form say the same; and what is malformed is pointed at."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.dql.evaluate import evaluate, select
from taskplan.dql.globs import glob_match
from taskplan.dql.parse import parse
from taskplan.dql.short import OPERATORS, combine, query_from
from taskplan.errors import QueryError
from taskplan.model.memory import MemoryTable
from taskplan.model.sample import sample_items


@pytest.fixture(scope="module")
def table() -> MemoryTable:
    import numpy as np

    documents = list(sample_items(400, np.random.Generator(np.random.PCG64(3))))
    for number, document in enumerate(documents):
        document["metadata"]["system"]["annotationStatus"] = ["completed", "approved"][: number % 3]
    return MemoryTable.from_documents(documents)


def one(field: str, value: Any, operator: str | None = None) -> Callable[[Any], Any]:
    def build(dl: Any) -> Any:
        filters = dl.Filters()
        filters.add(field=field, values=value, operator=operator)
        return filters

    return build


def joined(dl: Any) -> Any:
    filters = dl.Filters(field="dir", values="/train")
    filters.add_join(field="label", values="car")
    return filters


def either(dl: Any) -> Any:
    filters = dl.Filters(field="dir", values="/test", method="or")
    filters.add(field="metadata.user.scene", values=["tunnel", "highway"], operator="in", method="or")
    return filters


def hidden(dl: Any) -> Any:
    return dl.Filters(field="hidden", values=True)


FORMS: dict[str, Callable[[Any], Any]] = {
    "{}": lambda dl: dl.Filters(),
    "dir: /train": one("dir", "/train"),
    "dir: /train*": one("dir", "/train*"),
    "filename: /train": one("filename", "/train"),
    "filename: /train/": one("filename", "/train/"),
    "filename: /train/frame_000001.jpg": one("filename", "/train/frame_000001.jpg"),
    "annotated: false": one("annotated", False),
    "metadata.user.score: {gt: 0.5}": one("metadata.user.score", 0.5, "gt"),
    "metadata.user.scene: [tunnel, highway]": one("metadata.user.scene", ["tunnel", "highway"], "in"),
    "metadata.user.score: {exists: false}": one("metadata.user.score", False, "exists"),
    "metadata.system.refs: []": one("metadata.system.refs", []),
    "metadata.system.annotationStatus: {eq: [completed]}": one(
        "metadata.system.annotationStatus", ["completed"]
    ),
    "name: {ne: frame_000001.jpg}": one("name", "frame_000001.jpg", "ne"),
    "hidden: true": hidden,
    "{dir: /train, annotations: {label: car}}": joined,
    "or: [{dir: /test}, {metadata.user.scene: [tunnel, highway]}]": either,
}


@pytest.mark.parametrize("short", FORMS)
def test_three_forms_select_the_same(short: str, dl: Any, table: MemoryTable) -> None:
    filters = FORMS[short](dl)
    by_object = evaluate(query_from(filters), table)
    by_json = evaluate(query_from(json.dumps(filters.prepare())), table)
    by_short = evaluate(query_from(short), table)
    assert by_object.tolist() == by_json.tolist() == by_short.tolist()
    assert by_short.any()


def test_enumerations_of_the_sdk_count_as_their_values(dl: Any, table: MemoryTable) -> None:
    filters = dl.Filters(resource=dl.FiltersResource.ITEM)
    filters.add(field="metadata.user.score", values=0.5, operator=dl.FiltersOperations.GREATER_THAN)
    filters.sort_by(field="name", value=dl.FiltersOrderByDirection.DESCENDING)
    query = query_from(filters)
    assert query.sort == (("name", "descending"),)
    assert evaluate(query, table).any()


def test_several_texts_must_all_hold(table: MemoryTable) -> None:
    masks = [evaluate(query_from(text), table) for text in ("dir: /train", "annotated: false")]
    assert (
        evaluate(combine(["dir: /train", "annotated: false"]), table).tolist()
        == (masks[0] & masks[1]).tolist()
    )


def test_dates_stay_text() -> None:
    query = query_from("createdAt: {gte: 2024-01-31}")
    assert query == query_from({"createdAt": {"gte": "2024-01-31"}})


MISPLACED = "belongs at the top of the filter, not inside it"
MALFORMED: list[tuple[Any, str]] = [
    ("{", "query: cannot read \"{\" as a query; expected e.g. 'dir: /train'"),
    ("{dir: /a, dir: /b}", "dir: is given twice"),
    ("a: {gt: 0x_}", 'a.gt: "0x_" cannot be read as int'),
    ("a: !!timestamp abc", 'a: "abc" cannot be read as timestamp'),
    ("&a [*a]", "query: is nested too deeply"),
    ("\udcff", "query: cannot read '\\udcff' as a query; expected e.g. 'dir: /train'"),
    ("- a", 'query: expected fields such as dir: /train, got ["a"]'),
    (3, "query: expected fields such as dir: /train, got 3"),
    ({"a": {"gtt": 3}}, 'a.gtt: unknown operator; did you mean "gt", or the field "a.gtt"?'),
    ({"a": {"gt": 3, "b": 1}}, 'a.b: unknown operator; did you mean the field "a.b"?'),
    ({"a": {"min": 3}}, 'a.min: unknown operator; did you mean "gt", or the field "a.min"?'),
    ({"a": {"": 3}}, f"a.: unknown operator; expected one of {', '.join(OPERATORS)}"),
    ({"annotations": {"a": {"x": 3}}}, 'annotations.a.x: unknown operator; did you mean the field "a.x"?'),
    ({"except": {"b": {"in": 3}}}, "except.b.in: expected a list, got 3"),
    ({"and": [{"a": 1}, {"b": {"in": 3}}]}, "and[1].b.in: expected a list, got 3"),
    ({"or": [{"and": [{"a": {"in": 3}}]}]}, "or[0].and[0].a.in: expected a list, got 3"),
    ({"or": [{"annotations": {"label": "car"}}]}, f"or[0].annotations: {MISPLACED}"),
    ({"and": [{"a": 1}, {"or": [{"sort": "a"}]}]}, f"and[1].or[0].sort: {MISPLACED}"),
    ({"or": [{"except": {"a": 1}}]}, f"or[0].except: {MISPLACED}"),
    (
        {"not": {"dir": "/a"}},
        "not: unknown field; a field takes {ne: …} or {nin: […]}; a whole query goes below except",
    ),
    ({"metadata.join.x": {"gt": []}}, "metadata.join.x.gt: expected a number or text, got []"),
    ({"a.intersect.query": {"gt": []}}, "a.intersect.query.gt: expected a number or text, got []"),
    (
        {"annotations": {"or": [{"a": {"gt": []}}]}},
        "annotations.or[0].a.gt: expected a number or text, got []",
    ),
    (
        {"intersect": {"annotations": {"a": {"gt": []}}}},
        "intersect.annotations.a.gt: expected a number or text, got []",
    ),
    (
        {"name": {"match": "apple"}},
        'name.match: expected fields, got "apple"; for text take a glob, such as name: "*apple*"',
    ),
    ({"$x": 1}, "$x: unknown operator"),
    ({"a": {"match": {"b": {"in": 3}}}}, "a.match.b.in: expected a list, got 3"),
    ({"a": {"regex": "x"}}, 'a.regex: unknown operator; did you mean a glob such as name: "*apple*"?'),
    ({"a": {">": 3}}, 'a.>: unknown operator; did you mean "gt"?'),
    ({"a": {"between": [1, 2]}}, "a.between: unknown operator; did you mean {gte: …, lte: …}?"),
    ({"a": {"in": "x"}}, 'a.in: expected a list, got "x"'),
    ({"or": [{"a": 1}, {"b": {"exists": 1}}]}, "or[1].b.exists: expected true or false, got 1"),
    ({"annotations": {"label": {"nin": 3}}}, "annotations.label.nin: expected a list, got 3"),
    ({"sort": {"a": 1}}, 'sort.a: expected "ascending" or "descending", got 1'),
    ({"page": -1}, "page: expected a whole number ≥ 0, got -1"),
    ({"or": 3}, "or: expected a list of fields, got 3"),
    ({"annotations": 3}, "annotations: expected fields, got 3"),
    (
        {"filter": {"$and": [{"dir": {"$gtt": 1}}]}},
        'filter.$and[0].dir.$gtt: unknown operator; did you mean "$gt"?',
    ),
    ({"filter": {"$an": []}}, 'filter.$an: unknown operator; did you mean "$and"?'),
    ({"filter": {"$and": {}}}, "filter.$and: expected a list, got {}"),
    ({"filter": {"$or": []}}, "filter.$or: expected at least one clause"),
    ({"filter": []}, "filter: expected an object, got []"),
    ({"filter": {"$and": [3]}}, "filter.$and[0]: expected an object, got 3"),
    ({"filter": {"a": {"$in": 3}}}, "filter.a.$in: expected a list, got 3"),
    ({"filter": {"a": {"$gt": []}}}, "filter.a.$gt: expected a number or text, got []"),
    ({"filter": {"a": {"$exists": 1}}}, "filter.a.$exists: expected true or false, got 1"),
    ({"filter": {"a": {"$match": 1}}}, "filter.a.$match: expected an object of fields, got 1"),
    ({"filter": {"a": {"$eq": 1, "b": 2}}}, "filter.a.b: expected either operators or fields, got both"),
    ({"filter": {}, "sotr": {}}, 'sotr: unknown key of a query; did you mean "sort"?'),
    ({"filter": {}, "sort": {"a": 1}}, 'sort.a: expected "ascending" or "descending", got 1'),
    ({"filter": {}, "sort": []}, 'sort: expected {path: "ascending"}, got []'),
    ({"filter": {}, "page": -1}, "page: expected a whole number ≥ 0, got -1"),
    ({"filter": {}, "pageSize": True}, "pageSize: expected a whole number ≥ 1, got true"),
    ({"filter": {}, "delete": True}, "delete: a selection cannot change anything"),
    (
        {"filter": {}, "resource": "cats"},
        'resource: expected one of items, annotations, tasks, assignments, datasets, got "cats"',
    ),
    ({"filter": {}, "resource": "tasks"}, 'resource: expected "items", got "tasks"'),
    ({"intersect": {"annotations": 3}}, "intersect.annotations: expected fields, got 3"),
    ({"filter": {"a": {"$eq": b"x"}}}, "filter.a.$eq: expected a JSON value, got bytes"),
    ({"filter": {}, "join": {}}, 'join: expected {"on": ..., "filter": ...}, got {}'),
    (
        {"filter": {}, "join": {"on": {"resource": "tasks"}}},
        'join.on: expected {"resource": "annotations", "local": "itemId", "forigen": "id"}, '
        'got {"resource":"tasks"}',
    ),
    ({"filter": {}, "except": 3}, 'except: expected {"query": ...}, got 3'),
    (
        {"filter": {}, "intersect": {"query": {"filter": {"a": {"$x": 1}}}}},
        "intersect.query.filter.a.$x: unknown operator",
    ),
]


@pytest.mark.parametrize(("source", "message"), MALFORMED, ids=[m[:50] for _, m in MALFORMED])
def test_what_is_malformed_is_pointed_at(source: Any, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        query_from(source)
    assert str(caught.value) == message


def test_json_that_is_none_is_said() -> None:
    with pytest.raises(QueryError, match=r"^query: is not JSON: "):
        parse("{")


def slow_glob(pattern: str, text: str) -> bool:
    """The definition: a star is any number of characters."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slow_glob(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and slow_glob(pattern[1:], text[1:])


@given(st.text("ab*", max_size=7), st.text("ab", max_size=8))
def test_globs_follow_their_definition(pattern: str, text: str) -> None:
    assert glob_match(pattern, text) == slow_glob(pattern, text)


def test_a_glob_that_would_backtrack_looks_at_each_character_a_few_times() -> None:
    pattern, text = "*a" * 200 + "b", "a" * 200_000
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "c_call"

    sys.setprofile(count)
    try:
        assert not glob_match(pattern, text)
    finally:
        sys.setprofile(None)
    assert calls < 500


@pytest.mark.parametrize("form", ["json", "mapping"])
def test_a_query_nested_too_deeply_is_said(form: str) -> None:
    source: Any = {"a": 1}
    for _ in range(3000):
        source = {"$and": [source]}
    envelope: Any = {"filter": source}
    if form == "json":
        envelope = '{"filter":' + '{"$and":[' * 3000 + "{}" + "]}" * 3000 + "}"
    with pytest.raises(QueryError, match=r"^query: is n"):
        parse(envelope)


def test_several_queries_are_all_asked_for_and_the_first_sort_counts(table: MemoryTable) -> None:
    texts = [
        "{dir: /train, except: {annotated: true}}",
        "{except: {metadata.user.scene: tunnel}, sort: name}",
    ]
    one, two = map(query_from, texts)
    both = combine(texts)
    assert evaluate(both, table).tolist() == (evaluate(one, table) & evaluate(two, table)).tolist()
    assert both.sort == (("name", "ascending"),)
    nested = combine([{"intersect": {"dir": "/train"}}, {"intersect": {"annotated": False}}])
    expected = evaluate(query_from({"dir": "/train", "annotated": False}), table)
    assert evaluate(nested, table).tolist() == expected.tolist()


def test_whole_numbers_beyond_float64_are_sorted_exactly() -> None:
    numbers = [2**53 + 1, 2**53, 0.5, 2**60, 2**60 + 1, *range(300)]
    table = MemoryTable.from_documents(
        {"id": f"{place:024x}", "filename": f"/{place}", "n": number} for place, number in enumerate(numbers)
    )
    rows = select(query_from({"sort": "n"}), table)
    assert [numbers[row] for row in rows] == sorted(numbers)


def test_the_defaults_of_the_sdk_give_way_to_whichever_text_names_the_field(table: MemoryTable) -> None:
    hidden = combine(["dir: /train", "hidden: true"])
    assert (
        evaluate(hidden, table).tolist()
        == evaluate(query_from({"dir": "/train", "hidden": True}), table).tolist()
    )
    assert evaluate(hidden, table).any()


def test_a_match_in_the_short_form_has_operators_of_the_short_form() -> None:
    refs = {"match": {"type": "task", "metadata.status": {"exists": True}}}
    asked = query_from({"metadata.system.refs": refs})
    said = {"$match": {"$and": [{"type": "task"}, {"metadata.status": {"$exists": True}}]}}
    both = [{"hidden": False}, {"type": "file"}, {"metadata.system.refs": said}]
    assert asked == query_from({"filter": {"$and": both}})


def test_json_that_names_a_field_has_its_way_too(table: MemoryTable) -> None:
    both = combine(['{"filter": {"$and": [{"hidden": true}]}}', "dir: /train"])
    asked = evaluate(query_from({"hidden": True, "dir": "/train"}), table)
    assert asked.any()
    assert evaluate(both, table).tolist() == asked.tolist()


def test_the_page_is_that_of_whichever_text_asks_for_one() -> None:
    for texts in (
        ["dir: /train", "page_size: 5"],
        ["page_size: 5", "sort: name"],
        ['{"filter": {}, "page": 0, "pageSize": 1000}', "page_size: 5"],
    ):
        assert combine(texts).page_size == 5
    assert combine(['{"filter": {}, "page": 0, "pageSize": 1000}', "dir: /a"]).page_size == 1000
    assert combine(["dir: /a", "name: b"]).page_size is None


def test_names_of_the_envelope_are_plain_fields_further_in() -> None:
    table = MemoryTable.from_documents(
        [
            {
                "id": "a",
                "filename": "/a",
                "metadata": {"user": [{"page": 1}, {"sort": 2}]},
                "annotations": [{"label": "car", "sort": "x"}],
            },
            {"id": "b", "filename": "/b", "annotations": [{"label": "car"}]},
        ]
    )
    for source in ({"annotations": {"sort": "x"}}, {"metadata.user": {"match": {"page": 1}}}):
        assert evaluate(query_from(source), table).tolist() == [True, False]
