"""The local mock of the platform in one SQLite file: the default backend."""
