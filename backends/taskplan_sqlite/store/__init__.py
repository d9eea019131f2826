"""Datasets in one SQLite file: filling it, reading it as item tables, exporting it."""
