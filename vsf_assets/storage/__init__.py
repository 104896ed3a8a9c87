"""Stores of files: local folders and S3 prefixes behind one interface.

Here: listing, opening, writing and moving files, and the errors of disks and object stores. Not here: the meaning of
files (feeds/).
"""
