"""Delimited text: headers, records, exact and fast parsers, and lenient reading.

Not here: contracts (readers/delimited/validation.py).
"""
