"""Plans of snapshots in partitions: two passes over them, here or on the workers of a cluster."""

from taskplan.planning.partitioned.planner import InParts, plan_in_parts, why_whole

__all__ = ["InParts", "plan_in_parts", "why_whole"]
