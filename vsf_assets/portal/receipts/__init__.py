"""Receipts: what became of a delivered file, what is wrong with it, and how its bad rows are mended.

Here: telling from landing zone, archive, run record and snapshot where a file is; its rows, findings and downloads; and
which of its bad rows later deliveries have mended. Not here: receiving files (deliveries/, fast/) and reading them
(ingest/).
"""
