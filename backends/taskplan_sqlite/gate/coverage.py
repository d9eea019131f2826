"""The page that says what the gate does, made from its routes; a 501 names it."""

from __future__ import annotations

from collections.abc import Iterable

from taskplan_sqlite.gate.routing import Route

_HEAD = """\
# What the gate does

`taskplan serve` and `taskplan run` (extra `gate`) answer these operations of the platform's REST API, below
`/api/v1`. Anything else is answered with 501 and the name of this page, never with a wrong success. A test
makes this page anew from the routes and fails where it differs.

```console
$ printf 'import dtlpy as dl\\nproject = dl.projects.get(project_name="local")\
\\nprint([task.name for task in project.tasks.list()])\\n' > names.py
$ taskplan run --store demo.db names.py
['pilot', 'label-train', 'check-train']
what the script did on a copy of demo.db
no task was made or changed
```

Not here: pipelines, models, services, apps, packages, billing, and whatever else has to do with neither
items nor tasks. Scores are well-formed and empty. The bytes of files are kept only with `--keep-files`.

| operation | answers |
| --- | --- |
"""


def coverage_page(routes: Iterable[Route]) -> str:
    """Return the page in Markdown; an operation with two addresses is in it twice."""
    rows = [f"| `{route.verb} {route.path}` | {route.summary} |\n" for route in routes]
    return _HEAD + "".join(rows)
