"""The working DuckDB file: lock, connections, ledger, builds, snapshots.

Only code in this package and dbt open the warehouse file. May not import Dagster.
"""
