"""Reading snapshots: which one is current, and a read-only connection to it.

Here: resolving the pointer, and opening its snapshot, in a folder or in a bucket. Not here: writing, checking and
removing snapshots (publish/).
"""
