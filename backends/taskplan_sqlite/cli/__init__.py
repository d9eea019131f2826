"""The commands that this backend brings: `serve` and `run`. They import the gate only when they run."""
