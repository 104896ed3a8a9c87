"""Dagster resources: warehouse, object store, event log storage."""
