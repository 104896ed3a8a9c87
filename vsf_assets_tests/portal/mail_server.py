"""A small SMTP server for the tests: it keeps the letters that it takes.

Here: as much of RFC 5321 as a client needs that sends one letter. Not here: assertions.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class _Session(socketserver.StreamRequestHandler):
    """The conversation with one client."""

    def handle(self) -> None:
        server: MailServer = self.server  # type: ignore[assignment]
        self._say("220 test ESMTP")
        while line := self.rfile.readline():
            word = line.split(b":")[0].strip().upper().decode()
            if word == "DATA":
                self._say("354 go on")
                server.letters.append(self._letter())
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            elif word == "RCPT TO" and server.refuses:
                self._say("550 no such person")
            else:
                self._say("250 test")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _letter(self) -> EmailMessage:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        found = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


class MailServer(socketserver.ThreadingTCPServer):
    """The server, and what it took; `refuses` makes it refuse every recipient."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: list[EmailMessage] = []
        self.refuses = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def texts(self, address: str) -> list[str]:
        """Return the texts of the letters to an address, the earliest first."""
        return [str(letter.get_content()) for letter in self.letters if letter["To"] == address]


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a server, until the block ends."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
