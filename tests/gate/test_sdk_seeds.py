"""The seed scripts with the real SDK over HTTP, each in a fresh process; each checks what it made."""

from __future__ import annotations

from pathlib import Path

from tests.gate.scripts import CREATE, succeeds


def test_a_task_from_a_folder_filter(folder: Path) -> None:
    outcome = succeeds(
        folder,
        CREATE
        + """
assert by_person(task) == {'annotator1@example.com': 12, 'annotator2@example.com': 12}
assert (task.name, task.status, task.due_date) == ('label', 'open', due * 1000)
assert task.spec['type'] == 'annotation'
assert sorted(task.assignmentIds) == sorted(a.id for a in task.assignments.list())
assert again(task).total_items == 24
for item in task.get_items().all():
    refs = item.metadata['system']['refs']
    assert [ref['type'] for ref in refs] == ['task', 'assignment'] and refs[0]['id'] == task.id
    assert item.dir == '/train'
""",
    )
    assert outcome.tasks["label"]["items"] == {"annotator1@example.com": 12, "annotator2@example.com": 12}
    assert outcome.said["warnings"] == []


def test_a_task_from_a_status_filter(folder: Path) -> None:
    succeeds(
        folder,
        """
        task = dataset.tasks.create(task_name='raw', due_date=due, assignee_ids=people,
                                    filters=dl.Filters(field='annotated', values=False))
        assert by_person(task) == {'annotator1@example.com': 10, 'annotator2@example.com': 10}
        assert not any(item.annotated for item in task.get_items().all())
        """,
    )


def test_a_qa_task_over_finished_items(folder: Path) -> None:
    outcome = succeeds(
        folder,
        CREATE
        + """
done = [item for item in task.get_items().all()][:5]
for item in done:
    item.update_status(status='completed', task_id=task.id)
qa = dataset.tasks.create_qa_task(
    task=task, due_date=due, assignee_ids=['reviewer1@example.com', 'Reviewer2@example.com'])
assert (qa.name, qa.spec['type'], qa.spec['parentTaskId']) == ('label_qa', 'qa', task.id)
assert {i.id for i in qa.get_items().all()} == {i.id for i in done}
assert by_person(qa) == {'reviewer1@example.com': 3, 'reviewer2@example.com': 2}
""",
    )
    assert outcome.tasks["label_qa"]["type"] == "qa"
    assert outcome.tasks["label"]["statuses"] == 5


def test_a_task_from_a_list_of_items(folder: Path) -> None:
    succeeds(
        folder,
        """
        items = [item for item in dataset.items.list().all()]
        assert len(items) == 30
        task = dataset.tasks.create(task_name='listed', due_date=due, assignee_ids=people, items=items[:7])
        assert by_person(task) == {'annotator1@example.com': 4, 'annotator2@example.com': 3}
        assert {i.id for i in task.get_items().all()} == {i.id for i in items[:7]}
        """,
    )


def test_a_task_from_the_whole_dataset(folder: Path) -> None:
    succeeds(
        folder,
        """
        task = dataset.tasks.create(task_name='all', due_date=due, assignee_ids=people)
        assert by_person(task) == {'annotator1@example.com': 15, 'annotator2@example.com': 15}
        assert count(dataset.items.list(filters=dl.Filters(field='metadata.system.refs', values=[]))) == 0
        """,
    )


def test_items_are_added_by_filter_one_and_a_list(folder: Path) -> None:
    outcome = succeeds(
        folder,
        CREATE
        + """
unassigned = dl.Filters(field='metadata.system.refs', values=[])
task.add_items(filters=unassigned, assignee_ids=['annotator3@example.com', 'annotator4@example.com'])
assert by_person(task) == {'annotator1@example.com': 12, 'annotator2@example.com': 12,
                           'annotator3@example.com': 3, 'annotator4@example.com': 3}
other = make('other', items=[dataset.items.get(filepath='/test/4.jpg')])
item = dataset.items.get(item_id='%024x' % 1)
other.add_items(items=[item], assignee_ids=['annotator3@example.com'])
assert again(other).total_items == 2
other.add_items(items=[item for item in dataset.items.list().all()], assignee_ids=people)
assert again(other).total_items == 30
assert by_person(other)['annotator3@example.com'] == 1
""",
    )
    assert outcome.tasks["label"]["items"]["annotator3@example.com"] == 3
