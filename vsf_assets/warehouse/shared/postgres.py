"""Opens connections to the PostgreSQL database of a shared lake, and says in plain words why one cannot be opened.

Here: parameters of every connection, settings of a session that holds locks, errors of opening, and finding a pooler
that gives each transaction another session. Not here: what is said over a connection (control.py, locks.py).

No message holds a connection string: it may hold a password.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import WarehouseUnavailableError

if TYPE_CHECKING:
    from psycopg import Connection

LEAST_VERSION = 14
"""The first PostgreSQL that has idle_session_timeout, which must not end a session that holds a lock."""

_CLIENT = {
    "connect_timeout": "15",
    "keepalives": "1",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""A host that is gone is noticed after half a minute, on this side."""

_SESSION = """
    set tcp_keepalives_idle = 15;
    set tcp_keepalives_interval = 5;
    set tcp_keepalives_count = 3;
    set tcp_user_timeout = 30000;
    set idle_session_timeout = 0;
    set statement_timeout = 0
"""
"""The same on the server's side, whatever its defaults are."""

ENGLISH = ("C", "POSIX", "en")
"""Starts of the locales whose messages DuckLake understands."""

_LONGEST_NAME = 63
"""Bytes of application_name that PostgreSQL keeps."""


class PostgresError(WarehouseUnavailableError):
    """The database of a shared lake cannot be used; the message says why, and how to resolve it."""


def shortened_name(*words: str) -> str:
    """Return words as an application_name: PostgreSQL keeps 63 bytes of it, and only printable ASCII."""
    text = " ".join(words).encode("ascii", "replace").decode()
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_NAME]


def open_connection(database: str, name: str) -> "Connection[tuple[Any, ...]]":
    """Open a connection in autocommit mode whose session is fit to hold locks; the caller closes it.

    Args:
        database: connection string, as in VSF_CATALOG.
        name: application_name of the session, which others see.

    Raises:
        PostgresError: it cannot be opened, or the server is too old.
    """
    try:
        import psycopg
    except ImportError as error:
        raise PostgresError("VSF_CATALOG needs the package psycopg: pip install 'vsf-assets[lake]'") from error

    with plain_errors(database):
        connection = psycopg.connect(_parameters(database, name), autocommit=True)
    try:
        if connection.info.server_version < LEAST_VERSION * 10_000:
            raise PostgresError(
                f"{where(database)} is PostgreSQL {connection.info.server_version // 10_000}; a shared lake needs"
                f" PostgreSQL {LEAST_VERSION} or later"
            )
        with plain_errors(database):
            connection.execute(_SESSION)
    except BaseException:
        connection.close()
        raise
    return connection


def where(database: str) -> str:
    """Return host, port and name of the database for messages; nothing else of the connection string."""
    from psycopg import ProgrammingError, conninfo

    try:
        found = conninfo.conninfo_to_dict(database)
    except ProgrammingError:
        return "the database of VSF_CATALOG"
    host = found.get("host") or found.get("hostaddr") or "this machine"
    return f"the database {found.get('dbname') or 'of the user'} on {host}, port {found.get('port') or 5432}"


def _parameters(database: str, name: str) -> str:
    """Return the connection string with ours added; PostgreSQL's own message about a wrong one would quote it."""
    from psycopg import ProgrammingError, conninfo

    try:
        return conninfo.make_conninfo(database, **_CLIENT, application_name=shortened_name(name))
    except ProgrammingError:
        raise PostgresError(
            "VSF_CATALOG is no connection string of PostgreSQL, e.g. host=db.example.org dbname=vsf user=vsf"
        ) from None


_MEANINGS = (
    ("password authentication failed", "refused the password; set PGPASSWORD, or a pgpass file"),
    ("no password supplied", "wants a password; set PGPASSWORD, or a pgpass file"),
    ("pg_hba.conf", "does not let this user in from this machine (pg_hba.conf)"),
    ("does not exist", "has no such database or user"),
    ("unsupported startup parameter", "is behind a pooler that does not pass settings on; name the server itself"),
    ("too many", "has no free connection; raise max_connections, or run fewer workers"),
    ("remaining connection slots", "has no free connection; raise max_connections, or run fewer workers"),
    ("the database system is", "starts or stops; try again"),
    ("could not translate host name", "is on a host that cannot be found"),
    ("name or service not known", "is on a host that cannot be found"),
    ("failed to resolve", "is on a host that cannot be found"),
    ("connection refused", "does not answer: no PostgreSQL listens there"),
    ("no such file or directory", "does not answer: no PostgreSQL listens there"),
    ("timeout", "does not answer in time"),
)
"""Part of PostgreSQL's message -> what it means; the first that fits holds."""


@contextmanager
def plain_errors(database: str) -> Iterator[None]:
    """Turn PostgreSQL's errors about a connection into plain words.

    Raises:
        PostgresError: the block could not use the database.
    """
    from psycopg import OperationalError

    try:
        yield
    except OperationalError as error:
        text = str(error).lower()
        meaning = next((meaning for part, meaning in _MEANINGS if part in text), "cannot be used")
        # Without its cause: a traceback would show the values of the connection string that libpq names.
        raise PostgresError(f"{where(database)} {meaning} ({type(error).__name__})") from None


def check_server(database: str) -> None:
    """Refuse a server whose settings would make the locks, or DuckLake's retries, fail in silence.

    Raises:
        PostgresError: it does not fit, or cannot be used; the message says what to change.
    """
    refuse_transaction_pooler(database)
    with open_connection(database, "vsf check") as connection:
        ((language, activities),) = connection.execute(
            "select current_setting('lc_messages'), current_setting('track_activities')::boolean"
        ).fetchall()
    if not language.startswith(ENGLISH):
        raise PostgresError(
            f"{where(database)} says its messages in {language}, and DuckLake retries on English words; let an"
            " administrator run: alter role … set lc_messages = 'C'"
        )
    if not activities:
        raise PostgresError(
            f"{where(database)} does not track what its sessions do, so nobody could take over from a process that has"
            " stopped; let an administrator run: alter role … set track_activities = on"
        )


def refuse_transaction_pooler(database: str) -> None:
    """Refuse a pooler that gives each transaction another session: a lock would belong to nobody.

    Raises:
        PostgresError: there is one, or the database cannot be used.
    """
    with open_connection(database, "vsf pooler check") as one:
        if one.info.backend_pid == _session_of(one):
            return  # the server itself answers
        for _ in range(3):
            before = _session_of(one)
            with open_connection(database, "vsf pooler check") as other, other.transaction():
                # Two connections at once with one session, or one with two, share sessions.
                if _session_of(other) == before or _session_of(one) != before:
                    raise PostgresError(
                        f"{where(database)} is behind a pooler that gives each transaction another session; locks need"
                        " one of their own. Name the server itself, or a pool in session mode, by VSF_CATALOG"
                    )


def _session_of(connection: "Connection[tuple[Any, ...]]") -> int:
    row = connection.execute("select pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
