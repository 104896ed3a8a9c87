"""The errors whose message is meant for a person, with the exit code of each.

Here: exception types whose message says what happened and what to do; the command line
prints them without a traceback. And what is an interrupt instead. Not here: findings about data
(they are rows in `raw.findings`).
"""


class VsfError(Exception):
    """Something outside the data is wrong; ends a command with exit code 1."""


class UsageError(VsfError):
    """The caller asked for something that cannot be; ends a command with exit code 2."""


class SettingsError(UsageError):
    """An environment variable holds a value that cannot be used."""


class SameInstantError(VsfError):
    """An upload cannot be told from an earlier one, because both landed at the same instant."""


class LockTimeoutError(VsfError):
    """Another process held the warehouse for longer than the wait allowed."""


def interruption(error: BaseException) -> BaseException | None:
    """Return the interrupt that an error was made of; None where there is none.

    DuckDB and dbt turn a Ctrl-C that arrives inside them into an error of theirs, which would count
    as a failure and let the rest of a run go on.
    """
    found: BaseException | None = error
    while found is not None and isinstance(found, Exception):
        found = found.__cause__ or found.__context__
    return None if isinstance(found, GeneratorExit) else found
