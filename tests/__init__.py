"""The tests; a package, since one of the benchmarks' rivals installs another of this name."""
