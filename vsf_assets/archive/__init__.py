"""The archive of originals: their names, filing, and what became of originals that changed.

Not here: places of files as such (storage/) and storing rows (ingest/).
"""
