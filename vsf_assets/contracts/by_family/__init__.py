"""The contracts of each family: a module per family with a tuple `TABLES`.

Not here: the type of a contract (contracts/table.py).
"""
