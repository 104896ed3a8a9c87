"""Reader of delimited text: header, fast parser, exact parser, lenient repair, validation.

Not here: the contracts themselves (contracts/).
"""
