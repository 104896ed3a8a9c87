"""The warehouse file: lock, connections, ledger, transactions.

Not here: dbt (transform/), and snapshots of it (snapshots/, publish/). Only this room, dbt and publish open the
warehouse file.
"""
