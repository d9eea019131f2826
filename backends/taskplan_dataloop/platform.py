"""Reading the platform: projects, datasets, tasks, assignments, items, members; nothing here writes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from taskplan.errors import BackendError, InputError, NotFoundError, did_you_mean
from taskplan_dataloop.client import Client

PAGE = 1000
"""Items on a page; the platform gives no more."""
TASKS_PAGE = 500
THREADS = 8
IDS = 1000
"""So many ids are asked for in one query."""
_FINAL = frozenset({"success", "failed", "timeout", "canceled", "aborted"})
_FIRST_PAUSE, _MOST_PAUSE = 0.05, 5.0
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset and its project, as far as requests need them."""

    id: str
    name: str
    project_id: str
    project: str
    recipes: tuple[str, ...]
    items: int
    annotations: int


class Platform:
    """What is there, in the platform's own documents."""

    def __init__(self, client: Client, *, command_timeout: float = 3600.0) -> None:
        self.client = client
        self._command_timeout = command_timeout

    def user(self) -> str:
        """Return the e-mail that the token speaks for."""
        return str(self.client.read("GET", "/users/me")["email"])

    def project(self, name: str | None) -> Document:
        """Return a project by name or id, the only one where None; NotFoundError with the nearest name."""
        found: list[Document] = self.client.read("GET", "/projects")
        if name is None:
            if len(found) == 1:
                return found[0]
            listed = ", ".join(sorted(project["name"] for project in found)) or "none"
            raise InputError(f"which project? there are: {listed}", hint="name one with --project")
        for project in found:
            if name in (project["name"], project["id"]):
                return project
        raise NotFoundError(
            f'there is no project "{name}"', hint=did_you_mean(name, [project["name"] for project in found])
        )

    def datasets(self, project: Document) -> list[Dataset]:
        """Return the datasets of a project."""
        body = {"filter": {}, "resource": "datasets", "context": {"projects": [project["id"]]}}
        return [
            Dataset(
                id=found["id"],
                name=found["name"],
                project_id=project["id"],
                project=project["name"],
                recipes=tuple(found["metadata"]["system"].get("recipes") or ()),
                items=int(found.get("itemsCount") or 0),
                annotations=int(found.get("annotationsCount") or 0),
            )
            for found in self._pages("/datasets/query", body, PAGE)
        ]

    def members(self, project: str) -> frozenset[str]:
        """Return the lower-cased e-mails of a project's members."""
        return frozenset(member["email"].lower() for member in self.member_list(project))

    def member_list(self, project: str) -> list[Document]:
        """Return a project's members as the platform lists them."""
        found: list[Document] = self.client.read("GET", f"/projects/{project}/members")
        return found

    def recipe(self, recipe: str) -> Document:
        """Return a recipe."""
        found: Document = self.client.read("GET", f"/recipes/{quote(recipe)}")
        return found

    def tasks(self, dataset: Dataset) -> list[Document]:
        """Return every task of a dataset, oldest first.

        They are looked through here, because not every field of a task can be
        asked for in a query of tasks on every release of the platform.
        """
        body = {
            "filter": {"$and": [{"datasetId": dataset.id}]},
            "resource": "tasks",
            "context": {"projectIds": [dataset.project_id]},
        }
        found = list(self._pages("/annotationtasks/query", body, TASKS_PAGE))
        return sorted(found, key=lambda task: (str(task.get("createdAt")), task["id"]))

    def task(self, task: str) -> Document | None:
        """Return a task by id, None where it is gone."""
        try:
            found: Document = self.client.read("GET", f"/annotationtasks/{quote(task)}")
        except NotFoundError:
            return None
        return found

    def assignments(self, dataset: Dataset, task: str) -> list[Document]:
        """Return the assignments of a task that hold work, or may get some."""
        listed: list[Document] = []
        page = 0
        while True:
            asked = urlencode(
                {"projects": dataset.project_id, "taskId": task, "pageSize": 500, "pageOffset": page}
            )
            found = self.client.read("GET", f"/assignments?{asked}")
            # Whether the platform narrows by task is not pinned down, so it is done here as well.
            listed += [one for one in found["items"] if one["metadata"]["system"].get("taskId") == task]
            if not found.get("hasNextPage"):
                break
            page += 1
        return [one for one in listed if not one["metadata"]["system"].get("markForDeletion")]

    def items(self, dataset: Dataset, clauses: Sequence[Mapping[str, Any]]) -> Iterator[Document]:
        """Yield the items that satisfy all clauses, by id; in pages that no change in between can shift."""
        last: str | None = None
        while True:
            more = [{"id": {"$gt": last}}] if last is not None else []
            found = self.item_page(dataset, [*clauses, *more], 0)
            yield from found["items"]
            if not found["hasNextPage"]:
                return
            last = found["items"][-1]["id"]

    def item_page(
        self, dataset: Dataset, clauses: Sequence[Mapping[str, Any]], page: int, *, size: int = PAGE
    ) -> Document:
        """Return a page of items, sorted by id."""
        body = {
            "filter": {"$and": list(clauses)} if clauses else {},
            "page": page,
            "pageSize": size,
            "resource": "items",
            "sort": {"id": "ascending"},
        }
        found: Document = self.client.read("POST", f"/datasets/{dataset.id}/query", body)
        return found

    def items_by_id(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        """Return those of the items that are there, asked for in parallel, in no particular order."""
        parts = [list(ids[start : start + IDS]) for start in range(0, len(ids), IDS)]

        def ask(part: list[str]) -> list[Document]:
            return list(self.items(dataset, [{"id": {"$in": part}}]))

        return [item for found in self.together(ask, parts) for item in found]

    def newest(self, dataset: Dataset) -> str | None:
        """Return when the item that was changed last was changed."""
        body = {
            "filter": {},
            "page": 0,
            "pageSize": 1,
            "resource": "items",
            "sort": {"updatedAt": "descending"},
        }
        found = self.client.read("POST", f"/datasets/{dataset.id}/query", body)["items"]
        return str(found[0]["updatedAt"]) if found and found[0].get("updatedAt") else None

    def count(self, dataset: Dataset) -> int:
        """Return how many items a dataset has."""
        return int(self.item_page(dataset, (), 0, size=1)["totalItemsCount"])

    def annotations_of(
        self, dataset: Dataset, items: Sequence[str], *, parallel: bool = True
    ) -> Iterator[Document]:
        """Yield the annotations of items."""
        parts = [list(items[start : start + IDS]) for start in range(0, len(items), IDS)]

        def ask(part: list[str]) -> list[Document]:
            body = {
                "filter": {"$and": [{"itemId": {"$in": part}}]},
                "resource": "annotations",
                "sort": {"id": "ascending"},
            }
            return list(self._pages(f"/datasets/{dataset.id}/query", body, PAGE))

        for found in self.together(ask, parts) if parallel else map(ask, parts):
            yield from found

    def together(self, ask: Any, parts: Sequence[Any]) -> Iterator[Any]:
        """Apply a function that reads to every part, several at a time; yield the results in order."""
        if len(parts) < 2:
            yield from map(ask, parts)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                yield from pool.map(ask, parts)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def finished(self, command: Document) -> Document:
        """Wait for a command; BackendError where it fails or does not end."""
        deadline = time.monotonic() + self._command_timeout
        pause = _FIRST_PAUSE
        while command.get("status") not in _FINAL:
            if time.monotonic() > deadline:
                raise BackendError(
                    f"the command {command['id']} did not end in {self._command_timeout:g} s", retryable=True
                )
            time.sleep(pause)
            pause = min(2 * pause, _MOST_PAUSE)
            command = self.client.read("GET", f"/commands/{quote(command['id'])}")
        if command["status"] != "success":
            raise CommandFailed(
                f"the platform says: {command['status']}: {command.get('error') or 'no reason'}"
            )
        return command

    def _pages(self, path: str, body: Mapping[str, Any], size: int) -> Iterator[Document]:
        page = 0
        while True:
            found = self.client.read("POST", path, {**body, "page": page, "pageSize": size})
            yield from found["items"]
            if not found.get("hasNextPage"):
                return
            page += 1


class CommandFailed(BackendError):  # noqa: N818 - the platform's own word
    """A long operation has ended without success; part of it may have been done."""
