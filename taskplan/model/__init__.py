"""Items, tasks and people: what a snapshot holds, as documents and as columns."""
