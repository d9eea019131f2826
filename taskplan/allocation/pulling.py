"""The limits of pulling tasks, as the platform's own SDK documents them."""

from __future__ import annotations

from typing import Any

from taskplan.errors import InputError

SMALLEST, LARGEST = 3, 100


def check_batches(batch: Any, most: Any) -> tuple[int, int]:
    """Return batch size and maximum in one person's hands; InputError for what the platform refuses.

    A batch has 3 to 100 items; in one person's hands are at most twice as many, and
    at least two more.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or not SMALLEST <= batch <= LARGEST:
        raise InputError(f"expected a batch size of {SMALLEST} to {LARGEST}, got {batch!r}")
    if isinstance(most, bool) or not isinstance(most, int) or not batch + 2 <= most <= 2 * batch:
        raise InputError(
            f"expected a maximum batch workload of {batch + 2} to {2 * batch} for batches of {batch}, "
            f"got {most!r}"
        )
    return batch, most
