"""The errors whose messages are for users, with the exit code of each.

Here: exception types whose message says what happened and how to resolve it; the command line prints them without a
traceback. Also: detecting an interrupt that a library turned into an error. Not here: findings about data (rows of
`raw.findings`).
"""


class VsfError(Exception):
    """An error outside of the data; ends a command with exit code 1."""


class UsageError(VsfError):
    """An invalid argument or request of the caller; ends a command with exit code 2."""


class SettingsError(UsageError):
    """An environment variable or a settings file has an invalid value."""


class BuildRefusedError(VsfError):
    """The models are broken, or a build may not be published; the same deliveries and models fail again."""


class SameInstantError(VsfError):
    """An upload cannot be distinguished from an earlier one, because both have the same landing time."""


class WarehouseUnavailableError(VsfError):
    """The server that the warehouse needs does not answer, or lets nobody in; snapshots can still be read."""


class LockTimeoutError(VsfError):
    """Another process held the lock for longer than the allowed wait."""


class OtherReleaseError(VsfError):
    """The tables of a lake that several machines share were made by another release, or for other contracts."""


class LockLostError(VsfError):
    """A lock of a shared lake belongs to another process now, or its session has ended; nothing more is stored."""


def interruption(error: BaseException) -> BaseException | None:
    """Return the interrupt that caused an error; None if there is none.

    DuckDB and dbt turn a Ctrl-C that arrives inside them into an error of their own. It would count as a failure, and
    the run would continue. DuckDB 1.5 keeps the interrupt as the cause of its error; 2.0 keeps its text alone.
    """
    cause: BaseException | None = error
    while cause is not None and isinstance(cause, Exception):
        if type(cause) is RuntimeError and str(cause) == "Query interrupted":
            return KeyboardInterrupt()
        cause = cause.__cause__ or cause.__context__
    return None if isinstance(cause, GeneratorExit) else cause
