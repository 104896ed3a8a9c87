"""Generators of column values: one function per column type.

Here: the functions that build a `Maker` for a column. A maker is built once per request and called for ranges of rows,
from several threads; a value depends only on the row's number. Not here: the declarations of types and options
(synthetic/model/column_types.py), files (synthetic/writers.py).
"""
