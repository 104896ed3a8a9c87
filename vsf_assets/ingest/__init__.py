"""Ingest: reads settled files, validates and stores their rows, and archives the originals.

Here: a run over chosen files, batch by batch, and what survives a crash of it. Not here: forms of files (readers/), the
landing zone (landing/) and the archive (archive/). The only step that writes the warehouse is `warehouse/ledger.py`.
"""
