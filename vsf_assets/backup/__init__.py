"""Backup: copies a home into a folder outside of it, while the service and runs go on.

Not here: restoring, which is a copy of the folder (docs/operating.md), and places in object stores.
"""
