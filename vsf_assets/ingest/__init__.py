"""From a landed file to rows: listing, stability, reading, contract, delivery, archive.

May not import Dagster. The only step that writes the warehouse is `warehouse/ledger.py`.
"""
