"""The limits of a query that a person wrote.

Here: the values, and their form on the way to another process. Not here: how they are enforced (sandbox.py, query.py).
"""

from dataclasses import dataclass

LONGEST_SQL = 100_000
"""Characters of a query; a longer one is refused before it is parsed."""


@dataclass(frozen=True)
class SqlLimits:
    """What one query may take.

    Attributes:
        seconds: time until the process is killed.
        memory_mb: memory of DuckDB in MB; the process may have 1.5 times that and 256 MB for the rows.
        rows: rows of an answer; the rest is cut off, and the answer says so.
        columns: columns of an answer; one with more is refused.
        answer_mb: size of an answer in MB; a larger one is refused.
        needs_landlock: refuse to run where the kernel has no Landlock.
    """

    seconds: float = 20.0
    memory_mb: int = 256
    rows: int = 10_000
    columns: int = 1000
    answer_mb: int = 16
    needs_landlock: bool = True
