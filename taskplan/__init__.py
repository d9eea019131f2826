"""taskplan: plan, rehearse and check annotation tasks offline, then replay them exactly once."""

__version__ = "0.1.0"
