"""The model of made-up files: schemas, column types, options, random numbers, word pools.

Not here: making columns (synthetic/columns/) and files (synthetic/generator.py, writers.py).
"""
