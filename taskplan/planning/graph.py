"""The order between the tasks of a spec: a QA task comes after the task that it reviews."""

from __future__ import annotations

from taskplan.planning.spec import Spec


def task_order(spec: Spec) -> tuple[tuple[int, ...], dict[int, int]]:
    """Return task indices so that each comes after what it needs, and the parent of each QA task in the spec.

    The order of the spec is kept where it can be. SpecError for two tasks of one
    name, and for a circle, which it prints (``a → b → a``).
    """
    places: dict[str, int] = {}
    for index, task in enumerate(spec.tasks):
        if task.name is None:
            continue
        if task.name in places:
            raise spec.error(
                f'two tasks are named "{task.name}" (tasks[{places[task.name]}] is the other)',
                f"tasks[{index}].name",
            )
        places[task.name] = index
    parents = {
        index: places[task.of]
        for index, task in enumerate(spec.tasks)
        if task.of is not None and task.of in places
    }
    if not parents:
        return tuple(range(len(spec.tasks))), parents
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(spec.tasks)))
    graph.add_edges_from((parent, child) for child, parent in parents.items())
    try:
        order = tuple(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible:
        circle = [edge[0] for edge in nx.find_cycle(graph)]
        # Start at the task named first, so that the message does not depend on the search.
        start = circle.index(min(circle))
        circle = circle[start:] + circle[: start + 1]
        names = " → ".join(str(spec.tasks[index].name) for index in circle)
        raise spec.error(f"tasks review each other in a circle: {names}", f"tasks[{circle[0]}].of") from None
    return order, parents
