"""Readers: from the bytes of a file to validated rows and findings.

Here: a reader for each form of file, and the check of rows against a contract. Not here: which files are read
(ingest/).
"""
