"""What users import to test strategies of their own: properties that must hold, and problems to try them on.

`assert_fair` fails a test with the smallest problem that is not split fairly,
`PROPERTIES` says what fair means. The properties need nothing but numpy; searching
and `taskplan.testing.strategies` need hypothesis (extra "testing"),
`taskplan.testing.backend_conformance`, the suite for backends, needs pytest.
"""

from taskplan.testing.checking import Finding, Report, assert_fair, search
from taskplan.testing.properties import (
    PROPERTIES,
    Property,
    check_balance,
    check_coverage,
    check_determinism,
    check_quota,
    check_renaming,
)

__all__ = [
    "PROPERTIES",
    "Finding",
    "Property",
    "Report",
    "assert_fair",
    "check_balance",
    "check_coverage",
    "check_determinism",
    "check_quota",
    "check_renaming",
    "search",
]
