"""Performing a plan on a backend, exactly once: protocol, registry, journal, executor, verification."""
