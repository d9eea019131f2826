"""The live platform as a backend, through its own SDK (extra "dataloop")."""
