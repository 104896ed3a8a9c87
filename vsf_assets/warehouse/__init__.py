"""The working DuckDB file: its lock, its connections, the ledger, and the one transaction of a delivery.

Not here: dbt (transform/) and snapshots (publish/). Only this room, dbt and publish open the warehouse file.
"""
