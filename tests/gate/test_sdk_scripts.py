"""What people do with the SDK besides the seeds, over HTTP, each script in a fresh process."""

from __future__ import annotations

from pathlib import Path

from tests.gate.scripts import CREATE, run_script, succeeds


def test_items_are_removed_but_not_those_with_a_status(folder: Path) -> None:
    succeeds(
        folder,
        CREATE
        + """
kept = dataset.items.get(filepath='/train/0.jpg')
kept.update_status(status='completed', task_id=task.id)
task.remove_items(filters=dl.Filters(field='dir', values='/train'))
assert [i.id for i in task.get_items().all()] == [kept.id]
assert [a.annotator for a in task.assignments.list()] == ['annotator1@example.com']
""",
    )


def test_statuses_complete_a_task_and_open_it_again(folder: Path) -> None:
    succeeds(
        folder,
        CREATE
        + """
items = list(task.get_items().all())
assert task.set_status(status='completed', operation='create', item_ids=[i.id for i in items[:-1]])
assert again(task).status == 'open'
assignment = [a for a in task.assignments.list() if a.annotator == 'annotator2@example.com'][0]
assignment.set_status(status='discard', operation='create', item_id=items[-1].id)
assert again(task).status == 'completed' and again(task).progress == 100
last = dataset.items.get(item_id=items[-1].id)
assert last.status(task_id=task.id) == 'discard'
assert [e['action'] for e in last.metadata['system']['taskStatusLog']] == ['created']
last.update_status(status='discard', task_id=task.id, clear=True)
assert again(task).status == 'open'
log = dataset.items.get(item_id=items[-1].id).metadata['system']['taskStatusLog']
assert [(e['action'], e['status']['status']) for e in log] == [('created', 'discard'), ('deleted', 'discard')]
assert [a.status for a in task.assignments.list()] == ['done', 'in progress']
""",
    )


def test_assignments_are_reassigned_and_redistributed(folder: Path) -> None:
    succeeds(
        folder,
        CREATE
        + """
first, second = task.assignments.list()
held = {i.id for i in first.get_items().all()}
new = first.reassign(assignee_id='Annotator9@example.com')
assert new.id != first.id and new.annotator == 'annotator9@example.com'
assert {i.id for i in new.get_items().all()} == held
assert new.metadata['system']['taskId'] == task.id
workload = dl.Workload.generate(assignee_ids=['a5@example.com', 'a6@example.com'], loads=[25, 75])
before = {i.id for i in second.get_items().all()}
parts = second.redistribute(workload=workload)
assert sorted(count(p.get_items()) for p in parts) == [3, 9]
assert {i.id for p in parts for i in p.get_items().all()} == before
assert 'annotator2@example.com' not in [a.annotator for a in task.assignments.list()]
""",
    )


def test_assignments_are_created_renamed_and_found(folder: Path) -> None:
    succeeds(
        folder,
        CREATE
        + """
made = task.assignments.create(assignee_id='late@example.com', filters=inside('/test'))
assert count(made.get_items()) == 6
made.name = 'renamed'
made.update()
assert task.assignments.get(assignment_name='renamed').id == made.id
assert project.assignments.get(assignment_id=made.id).name == 'renamed'
""",
    )


def test_tasks_are_found_changed_and_deleted(folder: Path) -> None:
    outcome = succeeds(
        folder,
        CREATE
        + """
help = dl.ItemAction(action='needs-help', display_name='Help', color='#ff8800')
twin = make('twin', priority=dl.TaskPriority.HIGH, metadata={'user': {'ticket': 'LAB-7'}}, limit=4,
            available_actions=[help])
assert twin.priority == 3 and twin.metadata['user'] == {'ticket': 'LAB-7'}
assert [a.action for a in twin.available_actions] == ['needs-help'] and count(twin.get_items()) == 4
assert {t.name for t in dataset.tasks.list()} == {'label', 'twin'}
assert [t.id for t in project.tasks.list(task_name='twin')] == [twin.id]
assert dataset.tasks.get(task_name='twin').id == twin.id
filters = dl.Filters(resource=dl.FiltersResource.TASK)
filters.add(field='priority', values=3)
assert [t.id for t in dataset.tasks.query(filters=filters).items] == [twin.id]
twin.name, twin.due_date = 'twins', due * 1000 + 5
twin.update()
assert (again(twin).name, again(twin).due_date) == ('twins', due * 1000 + 5)
assert twin.delete() is True
try:
    again(twin)
    raise SystemExit('still there')
except dl.exceptions.NotFound:
    pass
assert count(dataset.items.list(filters=dl.Filters(field='metadata.system.refs', values=[]))) == 6
""",
    )
    assert set(outcome.tasks) == {"label"}


def test_percentages_go_as_given(folder: Path) -> None:
    succeeds(
        folder,
        """
        workload = dl.Workload.generate(assignee_ids=people, loads=[80, 20])
        task = dataset.tasks.create(task_name='w', due_date=due, workload=workload)
        assert by_person(task) == {'annotator1@example.com': 24, 'annotator2@example.com': 6}
        """,
    )


def test_pulling_hands_out_batches(folder: Path) -> None:
    succeeds(
        folder,
        """
        task = make('pull', batch_size=3, max_batch_workload=5)
        assert by_person(task) == {'annotator1@example.com': 3, 'annotator2@example.com': 3}
        assert [a.total_items for a in task.assignments.list()] == [3, 3]
        ok, answer = dl.client_api.gen_request('get', f'/annotationtasks/{task.id}/queue')
        assert answer.json() == {'remaining': 24}
        first = task.assignments.list()[0]
        ok, answer = dl.client_api.gen_request(
            'post', f'/assignments/{first.id}/batch', json_req={'assignmentId': first.id})
        assert answer.json()['spec']['itemsCount'] == 2
        try:
            make('bad', batch_size=10, max_batch_workload=7)
            raise SystemExit('taken')
        except dl.exceptions.BadRequest:
            pass
        """,
    )


def test_consensus_qualification_and_honeypot(folder: Path) -> None:
    succeeds(
        folder,
        """
        def consensus(percentage):
            return dataset.tasks.create_consensus_task(
                name=f'c{percentage}', due_date=due, assignee_ids=people, filters=inside('/test'),
                consensus_percentage=percentage, consensus_assignees=2)
        whole = consensus(100)
        assert count(whole.get_items(get_consensus_items=True)) == 18
        assert count(whole.get_items()) == 12
        assert by_person(whole) == {'annotator1@example.com': 6, 'annotator2@example.com': 6}
        half = consensus(50)
        assert count(half.get_items(get_consensus_items=True)) == 12
        assert count(half.get_items()) == 9
        copies = list(whole.get_items().all())
        assert all(i.hidden and '/.consensus/' in i.filename for i in copies)
        originals = {i.id for i in dataset.items.list(filters=inside('/test')).all()}
        assert {i.to_json().get('srcItem') for i in copies} == originals
        school = dataset.tasks.create_qualification_task(
            name='q', due_date=due, assignee_ids=people, filters=inside('/test'))
        assert count(school.get_items(get_consensus_items=True)) == 18
        assert count(dataset.items.list()) == 30
        whole.delete()
        """,
    )


def test_exceptions_are_those_of_the_platform(folder: Path) -> None:
    succeeds(
        folder,
        """
        def raises(kind, call):
            try:
                call()
            except kind as error:
                return str(error.message)
            raise SystemExit(f'{kind} was not raised')
        raises(dl.exceptions.NotFound, lambda: dataset.tasks.get(task_id='1' * 24))
        raises(dl.exceptions.NotFound, lambda: dataset.tasks.get(task_name='none'))
        raises(dl.exceptions.NotFound, lambda: dataset.items.get(item_id='2' * 24))
        raises(dl.exceptions.NotFound, lambda: dl.projects.get(project_name='none'))
        raises(dl.exceptions.NotFound, lambda: project.datasets.get(dataset_name='none'))
        raises(dl.exceptions.BadRequest, lambda: dl.projects.create('food'))
        raises(dl.exceptions.BadRequest, lambda: project.datasets.create('fruit'))
        bad = dl.Filters(field='name', values="o'neil")
        raises(dl.exceptions.BadRequest, lambda: make('x', filters=bad))
        token = dl.client_api.token
        dl.client_api.token = token[:-6] + 'AAAAAA'
        raises(dl.exceptions.Unauthorized, lambda: dataset.tasks.list())
        dl.client_api.token = token
        """,
    )


def test_the_apostrophe_that_the_sdk_mangles_is_warned_of(folder: Path) -> None:
    outcome = run_script(
        folder,
        """
        make('x', filters=dl.Filters(field='name', values="o'neil"))
        """,
    )
    assert outcome.code == 1
    assert "x: the query is no JSON; an apostrophe in a filter does that" in outcome.said["warnings"][0]


def test_queries_select_as_documented(folder: Path) -> None:
    succeeds(
        folder,
        """
        def found(*clauses, join=None, **more):
            filters = dl.Filters(**more)
            for clause in clauses:
                filters.add(*clause) if isinstance(clause, tuple) else filters.add(**clause)
            if join:
                filters.add_join(**join)
            return count(dataset.items.list(filters=filters))
        assert found(('dir', '/train')) == 24
        assert found(('filename', '/train/**')) == 24
        assert found(('filename', '/train')) == 24
        assert found(('name', '1*.jpg')) == 11
        assert found(('annotated', True)) == 10
        above = dl.FiltersOperations.GREATER_THAN
        assert found(dict(field='metadata.user.score', values=0.5, operator=above)) == 14
        assert found(dict(field='metadata.user.none', values=True, operator=dl.FiltersOperations.EXISTS)) == 0
        assert found(dict(field='dir', values=['/train', '/x'], operator=dl.FiltersOperations.IN)) == 24
        assert found(dict(field='dir', values='/train', operator=dl.FiltersOperations.NOT_EQUAL)) == 6
        assert found(('metadata.system.refs', [])) == 30
        assert found(join=dict(field='label', values='apple')) == 10
        assert found(('dir', '/train'), ('annotated', True)) == 8
        by_name = dl.Filters()
        by_name.sort_by(field='name', value=dl.FiltersOrderByDirection.DESCENDING)
        by_name.page_size = 4
        names = [i.name for i in dataset.items.list(filters=by_name).all()]
        assert names == sorted(names, reverse=True) and len(names) == 30
        """,
    )


def test_files_annotations_and_changes(folder: Path) -> None:
    outcome = succeeds(
        folder,
        """
        from pathlib import Path
        Path('new.txt').write_text('hello')
        item = dataset.items.upload(local_path='new.txt', remote_path='/new')
        assert (item.filename, item.metadata['system']['size'], item.dir) == ('/new/new.txt', 5, '/new')
        Path('new.txt').write_text('hello, again')
        same = dataset.items.upload(local_path='new.txt', remote_path='/new')
        assert same.id == item.id and dataset.items.get(item_id=item.id).metadata['system']['size'] == 5
        other = dataset.items.upload(local_path='new.txt', remote_path='/new', overwrite=True)
        assert other.id == item.id and dataset.items.get(item_id=item.id).metadata['system']['size'] == 12
        builder = item.annotations.builder()
        builder.add(dl.Box(top=1, left=1, bottom=5, right=5, label='pear'))
        builder.add(dl.Classification(label='fruit'))
        item.annotations.upload(builder)
        item = dataset.items.get(item_id=item.id)
        assert (item.annotated, item.annotations_count) == (True, 2)
        listed = item.annotations.list()
        assert sorted(a.label for a in listed) == ['fruit', 'pear']
        box = [a for a in listed if a.label == 'pear'][0]
        box.label = 'plum'
        box.update()
        assert dataset.annotations.get(annotation_id=box.id).label == 'plum'
        box.delete()
        assert dataset.items.get(item_id=item.id).annotations_count == 1
        item.metadata['user'] = {'checked': True}
        item.update()
        assert dataset.items.get(item_id=item.id).metadata['user'] == {'checked': True}
        filters = dl.Filters(field='dir', values='/test')
        dataset.items.update(filters=filters, update_values={'seen': 1})
        seen = dataset.items.list(filters=inside('/test')).all()
        assert all(i.metadata['user']['seen'] == 1 for i in seen)
        item.delete()
        dataset.items.delete(filters=dl.Filters(field='dir', values='/test'))
        assert count(dataset.items.list()) == 24
        """,
    )
    assert outcome.said["datasets"] == {"fruit": -6}


def test_projects_datasets_and_members(folder: Path) -> None:
    succeeds(
        folder,
        """
        other = dl.projects.create('toys')
        other.add_member(email='Ann@example.com', role=dl.MemberRole.ANNOTATOR)
        assert {m.email: m.role for m in other.list_members()}['ann@example.com'] == 'annotator'
        other.update_member(email='ann@example.com', role=dl.MemberRole.OWNER)
        other.remove_member(email='ann@example.com')
        assert [m.email for m in other.list_members()] == ['me@example.com']
        blocks = other.datasets.create('fruit')
        assert blocks.recipes.list()[0].id == blocks.get_recipe_ids()[0]
        assert [d.name for d in other.datasets.list()] == ['fruit']
        assert {p.name for p in dl.projects.list()} == {'food', 'toys'}
        other.delete(sure=True, really=True)
        assert {p.name for p in dl.projects.list()} == {'food'}
        """,
    )


def test_paging_over_2500_items_and_twenty_threads_at_once(folder: Path) -> None:
    outcome = succeeds(
        folder,
        """
        from concurrent.futures import ThreadPoolExecutor
        from pathlib import Path
        Path('f.bin').write_bytes(b'x')
        big = project.datasets.create('big')
        def upload(number):
            place = f'/{number % 7}'
            return big.items.upload(local_path='f.bin', remote_path=place, remote_name=f'{number}.bin').id
        with ThreadPoolExecutor(20) as pool:
            ids = list(pool.map(upload, range(2500)))
        assert len(set(ids)) == 2500
        pages = big.items.list()
        assert pages.items_count == 2500
        assert {i.id for i in pages.all()} == set(ids)
        def work(number):
            task = big.tasks.create(task_name=f't{number}', due_date=due, assignee_ids=people,
                                    filters=inside(f'/{number % 7}'))
            items = list(task.get_items().all())
            task.set_status(status='completed', operation='create', item_ids=[i.id for i in items[:10]])
            return len(items)
        with ThreadPoolExecutor(20) as pool:
            sizes = list(pool.map(work, range(20)))
        assert sizes == [len([n for n in range(2500) if n % 7 == k % 7]) for k in range(20)]
        done = [big.tasks.get(task_id=t.id).item_status['completed'] for t in big.tasks.list()]
        assert sum(done) == 200
        """,
    )
    assert len(outcome.said["tasks"]) == 20
    assert all(task["statuses"] == 10 for task in outcome.said["tasks"])
