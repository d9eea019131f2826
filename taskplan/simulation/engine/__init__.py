"""The engine: what happens to a model in many replications."""

from __future__ import annotations

from taskplan.simulation.engine.run import simulate, usual_replications

__all__ = ["simulate", "usual_replications"]
