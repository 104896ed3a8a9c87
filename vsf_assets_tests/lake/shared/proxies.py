"""Proxies between a client and PostgreSQL: one that loses or holds back answers, and a pooler.

Here: what stands between, as far as the protocol of PostgreSQL needs it; no TLS, no password. Not here: assertions.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

PASS, LOSE_ANSWER = "pass", "lose the answer"


def through(database: str, port: int) -> str:
    """Return the connection string of a database by way of a proxy on this machine."""
    return make_conninfo(database, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")


def address_of(database: str) -> tuple[str, int]:
    """Return host and port of a connection string."""
    found = conninfo_to_dict(database)
    return str(found["host"]), int(str(found["port"]))


def read_exactly(source: socket.socket, count: int) -> bytes:
    """Read this many bytes; raises ConnectionError at the end of the stream."""
    found = b""
    while len(found) < count:
        part = source.recv(count - len(found))
        if not part:
            raise ConnectionError
        found += part
    return found


def read_start(source: socket.socket) -> bytes:
    """Read the first message of a client, which has no type."""
    length = read_exactly(source, 4)
    return length + read_exactly(source, struct.unpack("!I", length)[0] - 4)


def read_message(source: socket.socket) -> bytes:
    """Read one message: a type, a length, the rest."""
    head = read_exactly(source, 5)
    return head + read_exactly(source, struct.unpack("!I", head[1:])[0] - 4)


def is_commit(message: bytes) -> bool:
    """Return whether a message of a client is a COMMIT, as DuckDB sends it."""
    return message[:1] == b"Q" and message[5:].rstrip(b"\0; ").upper() == b"COMMIT"


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection to a free port in a thread of its own until the block ends; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    sockets: list[socket.socket] = []

    def one(client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            serve(client)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                sockets.append(client)
                threading.Thread(target=one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        for open_socket in (listener, *sockets):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()
        thread.join(10)


@dataclass
class CommitProxy:
    """Passes everything on, and asks what to do about each COMMIT before the server sees it.

    Attributes:
        database: where the server is.
        about_commit: returns PASS or LOSE_ANSWER; while it does not return, the client seems to be stopped.
        lost: answers that were lost.
    """

    database: str
    about_commit: Callable[[], str] = lambda: PASS
    lost: int = field(default=0, init=False)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Yield the connection string by way of the proxy."""
        with serving(self._serve) as port:
            yield through(self.database, port)

    def _serve(self, client: socket.socket) -> None:
        with socket.create_connection(address_of(self.database)) as server:
            loses = threading.Event()
            answers = threading.Thread(target=self._answer, args=(server, client, loses), daemon=True)
            answers.start()
            try:
                server.sendall(read_start(client))
                while True:
                    message = read_message(client)
                    if is_commit(message) and self.about_commit() == LOSE_ANSWER:
                        loses.set()
                    server.sendall(message)
            except OSError:
                with suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
                answers.join()

    def _answer(self, server: socket.socket, client: socket.socket, loses: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if loses.is_set():  # PostgreSQL has answered, so it has committed
                    self.lost += 1
                    break
                client.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class TransactionPooler:
    """A pooler as PgBouncer is in transaction mode: a client has a session only during a transaction.

    Attributes:
        database: where the server is.
        user, name: of the sessions.
        keeps_sessions: whether a client keeps its session until it goes, as in session mode.
    """

    database: str
    keeps_sessions: bool = False
    free: list[socket.socket] = field(default_factory=list)
    greeting: list[bytes] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Yield the connection string by way of the pooler."""
        with serving(self._serve) as port:
            yield through(self.database, port)
        for session in self.free:
            session.close()

    def _session(self) -> socket.socket:
        if self.free:
            return self.free.pop()
        found = conninfo_to_dict(self.database)
        words = ("user", str(found["user"]), "database", str(found["dbname"]), "")
        start = struct.pack("!I", 196608) + "\0".join(words).encode() + b"\0"
        session = socket.create_connection(address_of(self.database))
        session.sendall(struct.pack("!I", len(start) + 4) + start)
        self.greeting = []
        while (message := read_message(session))[:1] != b"Z":
            self.greeting.append(message)
        return session

    def _serve(self, client: socket.socket) -> None:
        read_start(client)
        if not self.greeting:
            self.free.append(self._session())
        # The number of the session is one that the pooler made up.
        key = b"K" + struct.pack("!III", 12, 1 << 20, 1)
        client.sendall(b"".join(m for m in self.greeting if m[:1] != b"K") + key + b"Z\0\0\0\5I")
        session = None
        while (message := read_message(client))[:1] != b"X":
            session = session or self._session()
            session.sendall(message)
            if message[:1] in (b"Q", b"S"):
                while (answer := read_message(session))[:1] != b"Z":
                    client.sendall(answer)
                client.sendall(answer)
                if answer[-1:] == b"I" and not self.keeps_sessions:
                    self.free.append(session)
                    session = None
