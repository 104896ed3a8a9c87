"""Stores of files: local folders and S3 prefixes behind one interface.

Here: listing, opening, writing, moving, and what the disk or the store answers. Not here: what a file means.
"""
