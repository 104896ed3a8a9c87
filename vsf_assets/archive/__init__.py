"""The archive of originals: names, moves into it, and originals that changed or are outdated.

Not here: places of files as such (storage/) and storing rows (ingest/).
"""
