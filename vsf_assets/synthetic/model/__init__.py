"""The model of made-up files: schemas, column types, options, random numbers, word pools.

Not here: generating columns (synthetic/columns/) and files (synthetic/generator.py, writers.py).
"""
