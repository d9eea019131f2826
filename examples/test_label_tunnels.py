"""A test of code that uses the SDK, with taskplan's fixtures: no account, no network."""


def test_the_work_is_split_evenly(dataloop, dataloop_store):
    dataloop_store.add_items(
        ({"id": f"{n:024x}", "filename": f"/tunnel/{n}.jpg"} for n in range(7)),
        dataset="street-scenes",
        project="local",
    )
    dataset = dataloop.projects.get(project_name="local").datasets.get(dataset_name="street-scenes")
    task = dataset.tasks.create(
        task_name="label", due_date=2e9, assignee_ids=["ann@example.com", "ben@example.com"]
    )
    loads = sorted(assignment.total_items for assignment in task.assignments.list())
    assert loads == [3, 4]
