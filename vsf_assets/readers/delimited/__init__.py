"""Reader of delimited text: header, fast and exact parsers, lenient repairs, validation.

Not here: contracts (readers/delimited/validation.py).
"""
