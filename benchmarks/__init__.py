"""Measurements beside named rivals, in the same run; `python -m benchmarks` prints the table."""
