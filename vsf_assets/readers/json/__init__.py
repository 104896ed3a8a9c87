"""Reader of JSON: arrays of typed records and JSON Lines, with exact positions.

Not here: which records a feed wants (feeds/).
"""
