"""How a command has the spare process do its work: one question, then answers until the work is done.

Here: both sides of the conversation, over the socket of run_handover.py. Not here: the work (defs/requested_work.py),
the command that asks (cli/run.py), and the spare process (service/spare_process.py). The command waits, prints what it
is told, and passes Ctrl-C on. If the conversation ends before the work is done, because the service or the spare
process ended, the command does the work itself: loading a file twice changes nothing.
"""

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.resources.run_handover import ANSWER_SECONDS, read_spare

_INTERRUPT = b"!"
"""What a command sends when a person presses Ctrl-C."""

WORK = "work"
"""The question of a command; a run of Dagster is another one."""


def work_in_spare(
    home: Path, surroundings: str, wanted: dict[str, Any], progress: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any] | None:
    """Have the spare process of a home do some work.

    Args:
        home: VSF_HOME.
        surroundings: what this process works with (config/surroundings.py); the spare process must have the same.
        wanted: the work, as JSON.
        progress: receives each message: `log`, and `for_people` if the caller prints it at its end.

    Returns:
        The report of the work, as JSON; None if the caller has to do it itself.

    Raises:
        VsfError, UsageError: the work failed for a reason that concerns users.
        KeyboardInterrupt: a person interrupted the work, which has ended.
    """
    spare = read_spare(home)
    if spare is None or not spare.socket or not _is_mine(spare.socket):
        return None
    question = {"ask": WORK, "surroundings": surroundings, "work": wanted}
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(spare.socket)
            connection.sendall(json.dumps(question).encode() + b"\n")
            answers = _Answers(connection)
            if not json.loads(answers.next()).get("taken"):
                return None
        except (OSError, ValueError):
            return None
        answer = _last_answer(connection, answers, progress)
    if answer is None:
        progress({"log": "the process of the service that did this ended; this command goes on"})
        return None
    if "error" in answer:
        raise (UsageError if answer.get("is_usage") else VsfError)(str(answer["error"]))
    report: dict[str, Any] | None = answer.get("report")
    return report


def _is_mine(path: str) -> bool:
    """Whether the spare process belongs to the user of this process, who would own the files that it makes."""
    try:
        return Path(path).stat().st_uid == os.geteuid()
    except OSError:
        return False


class _Answers:
    """The lines of the other side."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def next(self) -> bytes:
        """Return the next line; b"" if the other side has ended.

        Raises:
            OSError: the connection failed, or nothing arrived within its timeout.
        """
        while b"\n" not in self._received:
            part = self._connection.recv(1 << 16)
            if not part:
                return b""
            self._received += part
        line, _, self._received = self._received.partition(b"\n")
        return line


_WAIT_SECONDS = 0.5
"""How long the command waits at a time. Python answers a signal that arrives just before a wait only after it."""


def _last_answer(connection: socket.socket, answers: _Answers, progress: Callable[[Mapping[str, Any]], None]) -> Any:
    """Pass the messages on; return the last answer, or None if the other side ended without one.

    The first Ctrl-C ends the work, the second one this process, too.

    Raises:
        KeyboardInterrupt: a person interrupted the work.
    """
    is_interrupted = False
    connection.settimeout(_WAIT_SECONDS)
    while True:
        try:
            try:
                line = answers.next()
                answer = json.loads(line) if line else None
            except TimeoutError:
                continue
            except (OSError, ValueError):
                answer = None
            if answer is not None and "log" in answer:
                progress(answer)
                continue
        except KeyboardInterrupt:
            if is_interrupted:
                raise
            is_interrupted = True
            with contextlib.suppress(OSError):
                connection.sendall(_INTERRUPT)
            continue
        if is_interrupted or (answer is not None and "interrupted" in answer):
            raise KeyboardInterrupt
        return answer


class Talk:
    """The side of the spare process: it tells the command what happens, and is interrupted for it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._is_over = False
        self._turn = threading.Lock()

    def send(self, answer: dict[str, Any]) -> None:
        """Send an answer; a command that is gone gets none, and `listen` interrupts the work."""
        with self._turn, contextlib.suppress(OSError):
            self._connection.sendall(json.dumps(answer).encode() + b"\n")

    def listen(self) -> None:
        """Interrupt this process, in a thread, when a person interrupts the command or when the command has ended."""
        self._connection.settimeout(None)
        threading.Thread(target=self._listen, name="the command that asked", daemon=True).start()

    def _listen(self) -> None:
        while not self._is_over:
            try:
                heard = self._connection.recv(1)
            except OSError:
                heard = b""
            if not self._is_over:
                os.kill(os.getpid(), signal.SIGINT)
            if not heard:
                return

    def end(self, answer: dict[str, Any]) -> None:
        """Send the last answer, or none if it is empty; what the command does afterwards interrupts nothing."""
        self._is_over = True
        if answer:
            self.send(answer)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # the thread that listens holds the connection, too
        self._connection.close()
