"""Who may have which items: every need beside every person, at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Need


def admitted(needs: Sequence[Need], people: Sequence[Assignee]) -> NDArray[np.bool_]:
    """Return whom each need admits, bool[needs, people], as `Need.admits` tells of one person."""
    skills = {skills: row for row, skills in enumerate({need.skills: None for need in needs})}
    able = np.array([[asked <= person.skills for person in people] for asked in skills], dtype=np.bool_)
    table = able.reshape(len(skills), len(people))[[skills[need.skills] for need in needs]]
    places: dict[str, list[int]] = {}
    for place, person in enumerate(people):
        places.setdefault(person.email.lower(), []).append(place)
    for row, need in enumerate(needs):
        for who in need.excluded & places.keys():
            table[row, places[who]] = False
    return table
