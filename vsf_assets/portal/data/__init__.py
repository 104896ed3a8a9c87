"""Tables of the current snapshot as pages, files and answers of the API.

Here: which tables there are and what they mean, who may read which rows, what replaces personal values, and the SQL of
lists, rows and exports. A new table of the models needs no work here. Not here: opening snapshots (snapshots/), and
what a role may do (accounts/rights.py).
"""
