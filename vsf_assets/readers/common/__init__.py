"""Shared by all readers: byte streams, casts, limits, findings.

Not here: the parsing of any file format.
"""
