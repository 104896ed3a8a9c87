"""Errors that a person is meant to read.

Here: exception types whose message says what happened and what to do; the command line
prints them without a traceback. Not here: findings about data (they are rows in `raw.findings`).
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
