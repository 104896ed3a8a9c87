"""What keeps a lake safe that several machines share: PostgreSQL's locks, epochs and a fence, and no removal of files.

Here: the control schema of a shared lake, and what guards its commits. Not here: tables, data files and DuckDB
connections of the lake (warehouse/forms/), which use this package and which it does not know.
"""
