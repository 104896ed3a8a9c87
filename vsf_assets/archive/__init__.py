"""The archive of originals: names, moves into it, and originals that changed or are outdated.

Not here: access to folders and buckets (storage/) and storing rows (ingest/).
"""
