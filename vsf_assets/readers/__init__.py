"""Readers: parse the bytes of a file into validated rows and findings.

Here: a reader for each file format, and the validation of rows against a contract. Not here: the choice of files
(ingest/).
"""
