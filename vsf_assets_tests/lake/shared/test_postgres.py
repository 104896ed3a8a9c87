"""Connections to the database of a shared lake that cannot be opened, and poolers.

Here: what is said then, and that no password is in it. Not here: what is said over a connection that is open.
"""

import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from vsf_assets.warehouse.shared import postgres
from vsf_assets.warehouse.shared.postgres import PostgresError, check_server, open_connection, where
from vsf_assets_tests.lake.shared.proxies import TransactionPooler

PASSWORD = "open-sesame-91"


def message_of(database: str) -> str:
    """Return what is said when the connection cannot be opened; the password is nowhere in its traceback."""
    with pytest.raises(PostgresError) as failed:
        open_connection(database, "test")
    assert PASSWORD not in "".join(traceback.format_exception(failed.value))
    return str(failed.value)


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_what_is_wrong_is_said_in_plain_words(catalog: str) -> None:
    secret = make_conninfo(catalog, password=PASSWORD)
    assert "no such database or user" in message_of(make_conninfo(secret, dbname="nowhere"))
    assert "no such database or user" in message_of(make_conninfo(secret, user="nobody"))
    assert "no PostgreSQL listens there" in message_of(make_conninfo(secret, port=unused_port()))
    assert "cannot be found" in message_of(make_conninfo(secret, host="no-such-host.invalid"))
    assert "no connection string" in message_of(f"dbname=x password={PASSWORD} '")
    assert "no connection string" in message_of(f"dbnaame=x password={PASSWORD}")
    assert "no PostgreSQL listens there" in message_of(f"host=/nowhere dbname=x password={PASSWORD}")


@pytest.fixture
def guarded(server: str, catalog: str) -> Iterator[str]:
    """Yield the address of a role that needs a password, without it."""
    with psycopg.connect(server, autocommit=True) as connection:
        ((file,),) = connection.execute("show hba_file").fetchall()
        rules = Path(file)
        before = rules.read_text()
        rules.write_text(f"host all guarded all scram-sha-256\nhost all barred all reject\n{before}")
        connection.execute(f"create role guarded login password '{PASSWORD}'")
        connection.execute("create role barred login")
        connection.execute("select pg_reload_conf()")
        yield make_conninfo(catalog, user="guarded")
        rules.write_text(before)
        connection.execute("select pg_reload_conf()")
        connection.execute("drop role guarded")
        connection.execute("drop role barred")


def test_a_password_is_asked_for_and_stays_unsaid(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert "set PGPASSWORD" in message_of(guarded)
    assert "refused the password" in message_of(make_conninfo(guarded, password=f"{PASSWORD}x"))
    assert "pg_hba.conf" in message_of(make_conninfo(guarded, user="barred", password=PASSWORD))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    open_connection(guarded, "test").close()


def test_a_server_that_is_too_old_is_refused(catalog: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LEAST_VERSION", 99)
    assert "needs PostgreSQL 99 or later" in message_of(catalog)


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(PostgresError, match=r"pip install 'vsf-assets\[lake\]'"):
        open_connection("dbname=lake", "test")


@pytest.mark.parametrize(
    "database", ["host=db.example.org dbname=lake user=me password=x", "postgresql://me:x@db.example.org/lake"]
)
def test_messages_name_the_place_alone(database: str) -> None:
    assert where(database) == "the database lake on db.example.org, port 5432"


def test_a_session_is_fit_to_hold_locks(catalog: str) -> None:
    wanted = {
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "30000",
        "idle_session_timeout": "0",
        "statement_timeout": "0",
        "application_name": "run-7",
    }
    with open_connection(catalog, "run-7") as connection:
        assert {name: connection.execute(f"show {name}").fetchall()[0][0] for name in wanted} == wanted
        assert connection.autocommit


def test_a_pooler_that_gives_each_transaction_another_session_is_refused(catalog: str) -> None:
    check_server(catalog)
    with TransactionPooler(catalog).running() as pooled, pytest.raises(PostgresError, match="each transaction"):
        check_server(pooled)


def test_a_pooler_in_session_mode_is_not_refused(catalog: str) -> None:
    with TransactionPooler(catalog, keeps_sessions=True).running() as pooled:
        check_server(pooled)


def test_a_server_whose_settings_break_locks_in_silence_is_refused(
    server: str, catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "ENGLISH", ("fr",))  # Debian's image has no other language than C
        with pytest.raises(PostgresError, match="says its messages in C"):
            check_server(catalog)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {catalog.rpartition('/')[2]} set track_activities = off")
    with pytest.raises(PostgresError, match="does not track"):
        check_server(catalog)
