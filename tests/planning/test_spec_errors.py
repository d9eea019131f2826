"""Every mistake in a spec is one line: file, line, field, what was found, what was expected."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.errors import InfeasibleError, InputError, SpecError
from taskplan.model.entities import TaskState
from taskplan.planning import spec_shape
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import read_spec, spec_from
from tests.documents import places, values
from tests.planning import support

HEAD = "tasks:\n  - name: t\n    assignees: [ann@example.com, ben@example.com]\n"
MISTAKES = {
    "": "spec.yaml: expected a spec with tasks, got nothing",
    "- a": 'spec.yaml: expected a spec with tasks, got ["a"]',
    "tasks: [": "spec.yaml:1: is not YAML: expected the node content, but found '<stream end>'",
    "tasks: 3": "spec.yaml:1 tasks: expected a list of at least one task, got 3",
    "tasks: []": "spec.yaml:1 tasks: expected a list of at least one task, got []",
    "tasks: [3]": "spec.yaml:1 tasks[0]: expected a task, got 3",
    "dataset: a\ndataset: b": "spec.yaml:2 dataset: is given twice",
    "task: []": 'spec.yaml:1 task: unknown field; did you mean "tasks"?',
    "seed: -1\ntasks: []": "spec.yaml:1 seed: expected a whole number ≥ 0, got -1",
    "tasks:\n  - name: t\n    asignees: [a@b.c]\n": (
        'spec.yaml:3 tasks[0].asignees: unknown field; did you mean "assignees"?'
    ),
    "tasks:\n  - name: t\n": 'spec.yaml:2 tasks[0]: "assignees" is missing',
    "tasks:\n  - assignees: [a@b.c]\n": (
        "spec.yaml:2 tasks[0]: expected one of name (a new task), add_to and redistribute (an existing one)"
    ),
    "tasks:\n  - name: t\n    assignees: [nobody]\n": (
        "spec.yaml:3 tasks[0].assignees[0]: "
        'expected an e-mail, or {email, weight | percent | count}, got "nobody"'
    ),
    "tasks:\n  - name: t\n    assignees: [a@b.c, A@b.c]\n": (
        "spec.yaml:3 tasks[0].assignees[1]: a@b.c is listed twice"
    ),
    "tasks:\n  - name: t\n    assignees:\n      - email: a@b.c\n        weight: half\n": (
        'spec.yaml:5 tasks[0].assignees[0].weight: expected a number > 0, got "half"'
    ),
    "tasks:\n  - name: t\n    assignees:\n      - email: a@b.c\n        percent: 101\n": (
        "spec.yaml:5 tasks[0].assignees[0].percent: expected a percentage from 0 to 100, got 101"
    ),
    "tasks:\n  - name: t\n    assignees: [{email: a@b.c, cuont: 3}]\n": (
        'spec.yaml:3 tasks[0].assignees[0].cuont: unknown field; did you mean "count"?'
    ),
    "tasks:\n  - name: t\n    assignees: [{email: a@b.c, count: 3, weight: 1}]\n": (
        "spec.yaml:3 tasks[0].assignees: a@b.c has weight and count, expected one of them"
    ),
    HEAD + "    priority: urgent\n": (
        'spec.yaml:4 tasks[0].priority: expected low, medium, high or 1 to 3, got "urgent"'
    ),
    HEAD + "    type: review\n": 'spec.yaml:4 tasks[0].type: expected annotation or qa, got "review"',
    HEAD + "    type: qa\n": (
        'spec.yaml:2 tasks[0]: "of" is missing: a qa task names the task that it reviews'
    ),
    HEAD + "    of: other\n": "spec.yaml:4 tasks[0].of: only a task of type qa reviews another",
    HEAD + "    due: soon\n": (
        'spec.yaml:4 tasks[0].due: expected a date such as 2029-01-01 or 2029-01-01T18:00+02:00, got "soon"'
    ),
    HEAD + "    limit: 0\n": "spec.yaml:4 tasks[0].limit: expected a whole number ≥ 1, got 0",
    HEAD + "    filter: {dir: {gtt: 3}}\n": (
        'spec.yaml:4 tasks[0].filter.dir.gtt: unknown operator; did you mean "gt", or the field "dir.gtt"?'
    ),
    HEAD + "    filter: {}\n    items: {ids: [a]}\n": (
        "spec.yaml:5 tasks[0].items: expected either filter or items, got both"
    ),
    HEAD + "    items: {}\n": "spec.yaml:4 tasks[0].items: expected either ids or filenames",
    HEAD + "    items: {filenames: [/train/apple_1.jp, /x.jpg]}\n": (
        "spec.yaml:4 tasks[0].items.filenames[0]: fruit has no item with the filename /train/apple_1.jp "
        '(and 1 more); did you mean "/train/apple_1.jpg"?'
    ),
    HEAD + "    items: {ids: [f00000000000000000000000, f00000000000000000000000]}\n": (
        "spec.yaml:4 tasks[0].items.ids[1]: f00000000000000000000000 is listed twice"
    ),
    HEAD + "    strategy: wieghted\n": (
        'spec.yaml:4 tasks[0].strategy: there is no strategy "wieghted", only balanced, '
        "balanced-eligible, eligible, equal, matched, sticky, weighted; "
        'did you mean "weighted"?'
    ),
    HEAD + "    strategy: {name: weighted, method: websterr}\n": (
        'spec.yaml:4 tasks[0].strategy: unknown apportionment method "websterr", expected one of '
        "largest-remainder, webster, jefferson, huntington-hill, adams, quota; "
        'did you mean "webster"?'
    ),
    HEAD + "    order: random\n": (
        "spec.yaml:4 tasks[0].order: expected as-listed, interleaved, shuffled, {stratified: path} "
        'or {grouped: path}, got "random"'
    ),
    HEAD + "    order: {}\n": "spec.yaml:4 tasks[0].order: expected either stratified or grouped",
    HEAD + "    statuses: [{action: a, color: red}]\n": (
        'spec.yaml:4 tasks[0].statuses[0].color: expected a colour such as "#ff0000", got "red"'
    ),
    HEAD + "  - name: t\n    assignees: [a@b.c]\n": (
        'spec.yaml:4 tasks[1].name: two tasks are named "t" (tasks[0] is the other)'
    ),
    "tasks:\n  - name: a\n    type: qa\n    of: b\n    assignees: [x@y.z]\n"
    "  - name: b\n    type: qa\n    of: a\n    assignees: [x@y.z]\n": (
        "spec.yaml:4 tasks[0].of: tasks review each other in a circle: a → b → a"
    ),
    HEAD + "  - name: q\n    type: qa\n    of: label-tain\n    assignees: [a@b.c]\n": (
        'spec.yaml:6 tasks[1].of: there is no task "label-tain"; did you mean "label-train"?'
    ),
    HEAD + "  - name: q\n    type: qa\n    of: tt\n    assignees: [a@b.c]\n": (
        'spec.yaml:6 tasks[1].of: there is no task "tt"; did you mean "t"?'
    ),
    "tasks:\n  - add_to: label-tran\n    assignees: [a@b.c]\n": (
        'spec.yaml:2 tasks[0].add_to: there is no task "label-tran"; did you mean "label-train"?'
    ),
    "tasks:\n  - add_to: label-train\n    assignees: [a@b.c]\n    due: 2029-01-01\n": (
        "spec.yaml:4 tasks[0].due: an existing task keeps its own; leave it out with add_to"
    ),
    HEAD + "    strategy: {name: weighted, metod: webster}\n": (
        'spec.yaml:4 tasks[0].strategy: strategy "weighted" takes no option "metod" (it takes: method); '
        'did you mean "method"?'
    ),
    HEAD + "    strategy: 3\n": "spec.yaml:4 tasks[0].strategy: expected a name, or {name, method}, got 3",
    HEAD + "    metadata: {taskplan: mine}\n": (
        "spec.yaml:4 tasks[0].metadata.taskplan: is where taskplan keeps its own mark; take another name"
    ),
    HEAD + "    metadata: {x: .inf}\n": (
        "spec.yaml:4 tasks[0].metadata.x: expected a finite number, got inf"
    ),
    HEAD + "    metadata: {x: [1, 99999999999999999999]}\n": (
        "spec.yaml:4 tasks[0].metadata.x[1]: expected a number of at most 64 bits"
    ),
    HEAD + "    metadata: {x: !!binary aGk=}\n": (
        "spec.yaml:4 tasks[0].metadata.x: expected text, a number, fields or a list, got bytes"
    ),
    HEAD + '    metadata: {x: "\\uD800"}\n': (
        "spec.yaml:4 tasks[0].metadata.x: holds half of a surrogate pair, which is no text"
    ),
    HEAD + "    owner: |\n      lead@example.com\n": (
        'spec.yaml:4 tasks[0].owner: expected an e-mail address, got "lead@example.com\\n"'
    ),
    HEAD + "    items: {ids: [3]}\n": "spec.yaml:4 tasks[0].items.ids[0]: expected an item id, got 3",
    HEAD + "    items: {ids: 3}\n": "spec.yaml:4 tasks[0].items.ids: expected a list of item ids, got 3",
    HEAD + "    recipe: [a]\n": (
        'spec.yaml:4 tasks[0].recipe: expected the name or id of a recipe, got ["a"]'
    ),
    HEAD + "    statuses: [{action: a, label: 3}]\n": (
        "spec.yaml:4 tasks[0].statuses[0].label: expected text, got 3"
    ),
    HEAD + "    due: 9999-12-31T23:59:59-14:00\n": (
        "spec.yaml:4 tasks[0].due: expected a date such as 2029-01-01 or 2029-01-01T18:00+02:00, "
        'got "9999-12-31T23:59:59-14:00"'
    ),
    HEAD + "    statuses: ['']\n": (
        'spec.yaml:4 tasks[0].statuses[0]: expected a name, or {action, label, color}, got ""'
    ),
    HEAD + "    order: {grouped: ''}\n": (
        'spec.yaml:4 tasks[0].order.grouped: expected a path such as metadata.user.scene, got ""'
    ),
    HEAD + "    on: 1\n": "spec.yaml:4 tasks[0].on: unknown field; expected one of name, add_to, "
    "redistribute, take_from, type, of, filter, items, assignees, strategy, effort, needs, kind, overlap, "
    "quality, pulling, order, limit, due, priority, owner, recipe, statuses, metadata, split_above",
    HEAD + "    statuses: [done, {action: done}]\n": (
        'spec.yaml:4 tasks[0].statuses[1]: the status "done" is listed twice'
    ),
    HEAD + "    due: !!timestamp x\n": ('spec.yaml:4 tasks[0].due: "x" cannot be read as timestamp'),
    "tasks: \x07": (
        "spec.yaml: is not YAML: unacceptable character #x0007: "
        'special characters are not allowed in "<unicode string>", position 7'
    ),
    HEAD + "    limit: 0x_\n": ('spec.yaml:4 tasks[0].limit: "0x_" cannot be read as int'),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=[m[10:60] for m in MISTAKES.values()])
def test_a_mistake_is_one_exact_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        make_plan(read_spec(Path("spec.yaml")), support.generated(), resolver=support.Existing())
    assert str(caught.value) == message


def test_a_spec_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.yaml: no such file$"):
        read_spec(tmp_path / "none.yaml")


def test_a_spec_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r": is a folder, expected a spec$"):
        read_spec(tmp_path)


def test_a_spec_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "image.yaml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SpecError, match=r"image\.yaml: is not UTF-8 text$"):
        read_spec(tmp_path / "image.yaml")


def test_a_selection_over_the_platform_limit_offers_to_split() -> None:
    table = support.generated(80_000)
    with pytest.raises(SpecError) as caught:
        make_plan(spec_from(support.one_task(filter={})), table)
    assert str(caught.value) == (
        f"spec tasks[0]: selects {len(table):,} items, but the platform refuses a task of 80,000 or more; "
        "split_above: 80000 makes several tasks of it"
    )


def test_merge_keys_and_anchors_are_read_as_yaml_has_them(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "tasks:\n  - &base\n    name: a\n    assignees: [x@y.z]\n  - <<: *base\n    name: b\n",
        encoding="utf-8",
    )
    assert [task.name for task in read_spec(path).tasks] == ["a", "b"]


def test_aliases_that_multiply_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskplan.located.MOST_NODES", 1000)
    lines = ["a0: &a0 [x, x, x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    path = tmp_path / "spec.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(
        SpecError, match=r"spec\.yaml: has more than 1,000 values with its aliases written out$"
    ):
        read_spec(path)


def test_a_circle_of_aliases_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("tasks: &t\n  - metadata: {x: *t}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"spec\.yaml: is nested too deeply$"):
        read_spec(path)


def test_every_field_has_words_for_what_it_should_be() -> None:
    rooms = {struct for _, struct in spec_shape.ROOMS}
    fields = {info.name for struct in rooms for info in msgspec.structs.fields(struct)}
    assert fields - {"name"} <= spec_shape.EXPECTED.keys()
    lists = {"assignees", "tasks", "statuses", "ids", "filenames", "needs", "skills", "exclude", "take_from"}
    assert lists == spec_shape.EXPECTED_ENTRY.keys()


FULL: dict[str, Any] = {
    "dataset": "fruit",
    "seed": 3,
    "tasks": [
        {
            "name": "t",
            "filter": {"dir": "/train", "metadata.user.scene": {"in": ["a"]}},
            "assignees": [{"email": "a@x.y", "weight": 2}, {"email": "b@x.y"}, "c@x.y"],
            "strategy": {"name": "weighted", "method": "webster"},
            "order": {"stratified": "metadata.user.scene"},
            "limit": 9,
            "due": "2029-01-01",
            "priority": 2,
            "owner": "o@x.y",
            "recipe": "r",
            "statuses": ["done", {"action": "help", "label": "Help", "color": "#ff0000"}],
            "metadata": {"ticket": 1},
            "split_above": 5,
        },
        {"name": "q", "type": "qa", "of": "t", "assignees": ["d@x.y"]},
        {"add_to": "label-train", "items": {"filenames": ["/train/apple_1.jpg"]}, "assignees": ["a@x.y"]},
    ],
}


@given(st.sampled_from(places(FULL)[1:]), values)
def test_whatever_stands_in_a_field_is_taken_or_told_in_a_line(place: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(FULL)
    room: Any = data
    for key in place[:-1]:
        room = room[key]
    room[place[-1]] = value
    told = ""
    try:
        make_plan(spec_from(data), support.generated(20), resolver=support.Existing())
    except (SpecError, InfeasibleError) as error:
        told = str(error)
    assert "something" not in told


def test_data_nested_too_deeply_or_in_a_circle_is_one_line() -> None:
    deep: Any = 1
    for _ in range(120):
        deep = {"x": deep}
    circle: dict[str, Any] = {}
    circle["x"] = circle
    for value in (deep, circle):
        with pytest.raises(SpecError, match=r"^spec: is nested too deeply$"):
            spec_from(support.one_task(metadata={"x": value}))


def test_yaml_nested_too_deeply_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("tasks: " + "[" * 150 + "]" * 150, encoding="utf-8")
    with pytest.raises(SpecError, match=r"spec\.yaml: is nested too deeply$"):
        read_spec(path)


def test_a_name_that_several_tasks_have_is_pointed_at() -> None:
    class Several(support.Existing):
        def task(self, dataset: str, name_or_id: str) -> TaskState:
            raise InputError('2 tasks are named "t"; use an id: a, b')

    with pytest.raises(SpecError) as caught:
        make_plan(
            spec_from({"tasks": [{"add_to": "t", "assignees": ["a@x.y"]}]}),
            support.generated(5),
            resolver=Several(),
        )
    assert str(caught.value) == 'spec tasks[0].add_to: 2 tasks are named "t"; use an id: a, b'


def test_an_alias_of_a_mapping_with_a_merge_is_the_same_again(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "tasks:\n"
        "  - {name: a, filter: &one {dir: /train, annotated: false}, assignees: [a@b.c]}\n"
        "  - {name: b, filter: &two {<<: *one, dir: /test}, assignees: [a@b.c]}\n"
        "  - {name: c, filter: *two, assignees: [a@b.c]}\n",
        encoding="utf-8",
    )
    filters = [task.filter for task in read_spec(path).tasks]
    assert filters[1] == filters[2] == {"dir": "/test", "annotated": False}


@pytest.mark.parametrize("email", ["a@b.c=2", "a@b.c:2", "a@b.c,d@e.f", "<a@b.c>", "a b@c.d", "a@"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(SpecError, match=r"expected an e-mail"):
        spec_from({"tasks": [{"name": "t", "assignees": [email]}]})


def test_a_plan_or_items_in_the_place_of_a_spec_are_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"digest":"sha256:0"}', encoding="utf-8")
    with pytest.raises(
        SpecError, match=r"plan\.json: is a plan, expected a spec; `taskplan show` reads plans$"
    ):
        read_spec(path)
    path = tmp_path / "items.jsonl"
    path.write_text('{"id": "a"}\n{"id": "b"}\n', encoding="utf-8")
    with pytest.raises(SpecError, match=r"items are read with `taskplan plan --from .*items\.jsonl`$"):
        read_spec(path)
