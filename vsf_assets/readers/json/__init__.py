"""Reader of JSON: arrays of typed records and JSON Lines, with exact positions.

Not here: the record types that a feed reads (feeds/).
"""
