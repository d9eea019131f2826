"""What users import to test strategies of their own: properties that must hold, and problems to try them on.

The properties need nothing but numpy; `taskplan.testing.strategies` needs hypothesis (extra "testing"),
`taskplan.testing.backend_conformance`, the suite for backends, needs pytest.
"""

from taskplan.testing.properties import (
    check_balance,
    check_coverage,
    check_determinism,
    check_quota,
    check_renaming,
)

__all__ = ["check_balance", "check_coverage", "check_determinism", "check_quota", "check_renaming"]
