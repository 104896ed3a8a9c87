"""What made-up data is made of: schemas, types of columns, options, chance by key and row, pools of words.

Not here: making columns (synthetic/columns/) and files (synthetic/generator.py, writers.py).
"""
