"""What the platform does, in meaning and not on the wire: tasks, assignments, items in them, statuses.

Functions take a connection inside a transaction; the backend and the gate share them.
"""
