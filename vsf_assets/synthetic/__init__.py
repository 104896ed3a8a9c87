"""Made-up files: schemas, generators of column values, writers.

Here: `model/schema.py` and `model/column_types.py` define schemas, `model/counter_prng.py` generates random numbers,
`model/word_pools.py` holds words, `columns/` turns random numbers and words into columns, `writers.py` writes files.
docs/made-up-files.md describes schemas for their authors.
Not here: where schemas and requests land.
"""

ENGINE_VERSION = "2"
"""Version of the generator; it changes when the same schema, rows and seed give other bytes."""
