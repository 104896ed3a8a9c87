"""Benchmarks: how fast the platform is beside what the same work costs without it.

Here: measurements and their references. Not here: tests; nothing in this package passes or fails.
Run by `make bench`; docs/benchmarks.md explains the rows.
"""
