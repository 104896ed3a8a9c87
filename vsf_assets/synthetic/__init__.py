"""Made-up data: a schema describes the columns of a file, and any number of believable rows is made from it.

`schema.py` and `kinds.py` say what can be asked for, `randomness.py` where chance comes from, `pools.py` where
the words come from, `makers/` turn chance and words into columns, `writing.py` writes files. docs/fakes.md is
for those who write schemas. Not here: where schemas and requests land.
"""

ENGINE_VERSION = "1"
"""Changes whenever the same schema, rows and seed would give other bytes."""
