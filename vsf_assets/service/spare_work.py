"""The work of a `vsf run` in the spare process: whether it may be done here, and doing it while the command waits.

Here: the side of the spare process. Not here: the conversation with the command (resources/work_handover.py), the work
itself (defs/requested_work.py), and runs of Dagster (spare_process.py).
"""

import contextlib
import logging
import os
import signal
import socket
import traceback
from dataclasses import dataclass
from typing import Any

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.config.surroundings import surroundings
from vsf_assets.pipeline.requested_work import RequestedWork
from vsf_assets.pipeline.run_log import LOGGER
from vsf_assets.resources.work_handover import Talk
from vsf_assets.storage.full_disk import is_full


@dataclass(frozen=True)
class CommandWork:
    """The work of a command, and the conversation with it."""

    work: RequestedWork
    talk: Talk


def work_of_command(question: Any, connection: socket.socket) -> CommandWork | None:
    """Return what a command asks for; None if this process has other settings, so that the command has to do it.

    Raises:
        KeyError, TypeError: the question is none.
    """
    with contextlib.suppress(VsfError):  # an invalid setting is an error of the command, which names it
        if surroundings(read_settings()) == question["surroundings"]:
            return CommandWork(RequestedWork(**question["work"]), Talk(connection))
    return None


def do_for_command(definitions: Any, wanted: CommandWork) -> None:
    """Do the work of a command and tell it the end.

    A person's Ctrl-C arrives through the command. The end of the service (SIGUSR1), and an error that is none for
    users, end the conversation without a last answer: the command then does the work itself, and says what is wrong.
    """
    from vsf_assets.defs.requested_work import do_work

    service_ends: list[int] = []

    def stop(number: int, _: object) -> None:
        service_ends.append(number)
        os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGUSR1, signal.SIGTERM):  # SIGTERM: the supervisor does not know yet that it was taken
        signal.signal(number, stop)
    talk = wanted.talk
    progress = _Progress(talk)
    logger = logging.getLogger(LOGGER)
    logger.addHandler(progress)
    logger.setLevel(logging.INFO)
    answer: dict[str, Any] = {}
    try:
        talk.listen()
        report = do_work(definitions, read_settings(), wanted.work)
        answer = {"report": {"run_ids": report.run_ids, "failed": report.failed, "checks": report.checks}}
    except KeyboardInterrupt:
        answer = {} if service_ends else {"interrupted": True}
    except Exception as error:  # noqa: BLE001 - the command meets it, too, and shows it
        if isinstance(error, VsfError) and not is_full(error):
            answer = {"error": str(error), "is_usage": isinstance(error, UsageError)}
        else:
            traceback.print_exc()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        logger.removeHandler(progress)
        talk.end(answer)


class _Progress(logging.Handler):
    """Tells the command what the run logs."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk

    def emit(self, record: logging.LogRecord) -> None:
        self._talk.send({"log": record.getMessage(), "for_people": bool(getattr(record, "for_people", False))})
