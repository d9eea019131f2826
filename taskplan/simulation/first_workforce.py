"""A first workforce file to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

EMAILS = ("ann@example.com", "ben@example.com", "cat@example.com")
_PLAIN = re.compile(r"[\w.+-]*\w[\w.+-]*@[\w.-]+", re.ASCII)
_TEMPLATE = """\
# Who does the work, when, and how fast. What stands under team holds for everybody who says nothing else.
start: 2028-12-18T09:00        # when the work begins
team:
  minutes: 4                   # of work an item takes on average
  cv: 0.5                      # how much that varies: standard deviation / mean
  hours: {{mon-fri: "09:00-12:30, 13:30-17:30"}}
  zone: UTC                    # such as Europe/Berlin
  # holidays: DE-BE            # a country or a part of one; needs pip install "taskplan[simulation]"
  # off: [2029-12-24, 2029-12-27..2029-12-31]
  # errors: 0.05               # share of the items that a reviewer should send back
  # skips: 0.02                # share of the items that they leave to others
people:                        # leave it out, and everybody in a plan is as the team
{people}
  # - {{email: dan@example.com, minutes: 6, share: 0.5, end: 2029-03-01}}   # half the hours, until March
# kind: metadata.user.scene    # then minutes may differ by kind: {{"*": 4, tunnel: 9}}
"""


def first_workforce(emails: Sequence[str] = EMAILS) -> str:
    """Return the text of a workforce file for these people, with comments on what else can be said."""
    people = "\n".join(f"  - {email if _PLAIN.fullmatch(email) else json.dumps(email)}" for email in emails)
    return _TEMPLATE.format(people=people)
