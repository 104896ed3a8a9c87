"""Made-up files: schemas, generators of column values, writers.

`model/schema.py` and `model/column_types.py` say what can be asked for, `model/counter_prng.py` where chance comes
from, `model/word_pools.py` where the words come from, `columns/` turns chance and words into columns, `writers.py`
writes files. docs/made-up-files.md is for those who write schemas.
Not here: where schemas and requests land.
"""

ENGINE_VERSION = "1"
"""Changes whenever the same schema, rows and seed would give other bytes."""
