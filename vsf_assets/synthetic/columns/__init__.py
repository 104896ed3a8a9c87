"""Generators of column values: one function per column type.

A maker is built once per request and called for portions of rows, from several threads; what it returns depends on
the row's number alone. Not here: what options mean and may be (synthetic/model/column_types.py), files
(synthetic/writers.py).
"""
