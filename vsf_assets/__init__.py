"""The platform's package: feeds, contracts, ingest, warehouse, Dagster definitions and the `vsf` command.

Nothing is computed or read when a module is imported; heavy libraries are imported where used.
"""
