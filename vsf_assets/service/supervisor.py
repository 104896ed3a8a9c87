"""The supervisor: starts the parts of the service, restarts what died or hangs, and ends them all.

Here: decisions about parts, whatever they are; patience is a parameter, so tests can be quick. Not here: which parts
there are (parts.py), lock, port and signals (start_service.py). It imports neither Dagster nor dbt, and stays small.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread

from vsf_assets.runs.service_state import RESTARTING, RUNNING, STARTING, PartState
from vsf_assets.service.parts import Part
from vsf_assets.service.watched_part import Say, WatchedPart

TICK_SECONDS = 0.2
SUPERVISOR = "service"
"""The name under which the supervisor itself logs."""


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits, in seconds.

    Attributes:
        silence: without a sign of life, until a part is restarted.
        ask_every: between two questions to a part.
        kill_after: between the request to end and the kill.
        first_pause: before a restart; each further one waits twice as long, up to `longest_pause`.
        after_taken: after a run took a process, until the next one starts beside a run that still goes on: the start
            takes processor time that the run needs.
        steady: of running, after which the pause is the first one again.
    """

    silence: float = 120.0
    ask_every: float = 10.0
    kill_after: float = 10.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    after_taken: float = 15.0
    steady: float = 600.0


class _Supervised(WatchedPart):
    """A part with its history."""

    def __init__(self, part: Part, say: Say) -> None:
        super().__init__(part, say)
        self.state = PartState()
        self.next_start = 0.0
        self.started_at = 0.0
        self.pause = 0.0
        self.was_running = False


class Supervisor:
    """Runs parts until it is told to stop."""

    def __init__(
        self,
        parts: Sequence[Part],
        environment: Mapping[str, str],
        say: Say,
        on_change: Callable[[dict[str, PartState]], None] = lambda _: None,
        patience: Patience = Patience(),
    ) -> None:
        self._parts = [_Supervised(part, say) for part in parts]
        self._environment = environment
        self._say = say
        self._on_change = on_change
        self._patience = patience
        self._is_over = False
        self._runs: list[WatchedPart] = []
        """Processes that a run took; they end by themselves."""
        # The parts hold the read end. The write end is closed with this process, also by kill -9.
        self._pipe, self._open_while_alive = os.pipe()

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Start the parts, and keep them running until `is_stopping`; all have ended on return, also after an error."""
        for part in self._parts:
            Thread(target=self._ask_forever, args=(part,), daemon=True).start()
        last = time.monotonic()
        try:
            while not is_stopping():
                now = time.monotonic()
                if now - last > self._patience.silence / 2:
                    self._forgive(now)
                last = now
                for part in self._parts:
                    self._check(part)
                time.sleep(TICK_SECONDS)
        finally:
            self._is_over = True
            self._end([*self._parts, *self._runs])
            os.close(self._open_while_alive)
            os.close(self._pipe)

    def _ask_forever(self, part: _Supervised) -> None:
        while not self._is_over:
            part.ask()
            # A part that starts is asked more often, because others wait for it.
            time.sleep(self._patience.ask_every if part.has_answered else min(0.5, self._patience.ask_every))

    def _forgive(self, now: float) -> None:
        """Start counting again after this process itself was stopped, e.g. by a laptop's sleep."""
        for part in self._parts:
            part.last_sign = now

    def _check(self, part: _Supervised) -> None:
        now = time.monotonic()
        if part.process is None:
            has_room = part.part.is_taken is not None and all(run.is_gone() for run in self._runs)
            if (now >= part.next_start or has_room) and self._may_start(part):
                self._start(part)
            return
        silence = now - part.last_sign
        if part.part.is_taken is not None and part.part.is_taken(part.process.pid):
            self._replace_taken(part)
        elif reason := part.ended():
            self._restart(part, reason)
        elif silence > self._patience.silence:
            self._restart(part, f"it gave no sign of life for {silence:.0f} s")
        elif part.has_answered and part.state.state != RUNNING:
            part.was_running = True
            self._note(part, RUNNING)
            self._say(SUPERVISOR, f"{part.part.name} runs as process {part.state.pid}")

    def _replace_taken(self, part: _Supervised) -> None:
        """Start the next process of a part after a run took its process, which goes on."""
        taken = WatchedPart(part.part, self._say)
        taken.process, part.process = part.process, None
        self._runs = [*(run for run in self._runs if not run.is_gone()), taken]
        part.next_start = time.monotonic() + self._patience.after_taken
        part.state.follows_a_run = True

    def _may_start(self, part: _Supervised) -> bool:
        return all(other.was_running for other in self._parts if other.part.name in part.part.after)

    def _start(self, part: _Supervised) -> None:
        part.start(self._pipe, self._environment)
        part.started_at = time.monotonic()
        part.state.pid = part.process.pid if part.process else 0
        self._note(part, STARTING)

    def _restart(self, part: _Supervised, reason: str) -> None:
        ran = time.monotonic() - part.started_at
        patience = self._patience
        is_first = ran > patience.steady or not part.pause
        part.pause = patience.first_pause if is_first else min(2 * part.pause, patience.longest_pause)
        self._say(SUPERVISOR, f"restarting the {part.part.name} (process {part.state.pid}): {reason}")
        part.state.restarts += 1
        part.state.last_reason = reason
        part.state.follows_a_run = False
        self._note(part, RESTARTING)
        self._end([part])
        part.next_start = time.monotonic() + part.pause

    def _end(self, parts: Sequence[WatchedPart]) -> None:
        """End processes with their children: by SIGTERM, and by SIGKILL what is still there afterwards.

        A run gets SIGUSR1, which says that the service ends, and not that a person ended the run.
        """
        for part in parts:
            part.signal(signal.SIGUSR1 if part in self._runs else signal.SIGTERM)
        deadline = time.monotonic() + self._patience.kill_after
        while time.monotonic() < deadline and not all(part.is_gone() for part in parts):
            time.sleep(TICK_SECONDS / 2)
        for part in parts:
            if not part.is_gone():
                self._say(
                    SUPERVISOR, f"killing the {part.part.name}: it did not end in {self._patience.kill_after:g} s"
                )
                part.signal(signal.SIGKILL)
            if part.process is not None:
                part.process.wait()
            part.process = None

    def _note(self, part: _Supervised, state: str) -> None:
        if state != RUNNING:  # what runs does so since it was started
            part.state.since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        part.state.state = state
        self._on_change({other.part.name: other.state for other in self._parts})
