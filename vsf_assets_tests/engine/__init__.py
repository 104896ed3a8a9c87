"""Tests of the ingest engine on a real DuckDB file in a temporary home."""
