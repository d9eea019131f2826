"""From what the user asks and a snapshot to a plan; and reading, comparing and explaining plans."""
