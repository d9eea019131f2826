"""A script for the platform's own SDK, as it would run on an account; `taskplan run` tries it without one."""

import datetime

import dtlpy as dl

dl.verbose.logging_level = "error"
if dl.token_expired():
    dl.login()
project = dl.projects.get(project_name="local")
dataset = project.datasets.get(dataset_name="street-scenes")

filters = dl.Filters(field="dir", values="/train")
filters.add(field="metadata.user.scene", values="tunnel")
task = dataset.tasks.create(
    task_name="label-tunnels",
    due_date=datetime.datetime(2029, 1, 1).timestamp(),
    assignee_ids=["ann@example.com", "ben@example.com", "cat@example.com"],
    filters=filters,
)
print(f"{task.name}: {task.total_items} items")
