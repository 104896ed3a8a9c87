"""Snapshots as readers open them: which one is current, and a read-only connection to it.

Here: the pointer, and opening what it names, in a folder or in a bucket. Not here: making, checking and removing
snapshots (publish/).
"""
