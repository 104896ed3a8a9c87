"""Ingest: reads settled files, validates and stores their rows, and archives the originals.

Here: a run over selected files in batches, and recovery after a crash. Not here: file formats (readers/), the
landing zone (landing/) and the archive (archive/). Only `warehouse/ledger.py` writes to the warehouse.
"""
