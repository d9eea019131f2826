"""The HTTP face of the local mock: it speaks the platform's REST API on loopback.

Here is the wire only: addresses, bodies, tokens, errors. What a request means is in
`taskplan_sqlite.platform`, which rehearsals use as well.
"""
