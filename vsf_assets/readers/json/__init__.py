"""JSON: arrays of records and lines of objects, with exact positions.

Not here: which records a feed wants (feeds/).
"""
