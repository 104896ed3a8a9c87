"""The supervisor with parts that are small programs: what died or hangs is replaced, and nothing is left.

Not here: the parts of the service (cli/test_serve.py).
"""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from vsf_assets.common.processes import started
from vsf_assets.runs.service_state import PartState
from vsf_assets.service.parts import Part
from vsf_assets.service.supervisor import Patience, Supervisor
from vsf_assets_tests.waiting import wait_until

QUICK = Patience(silence=2.0, ask_every=0.1, kill_after=0.5, after_taken=0.5, first_pause=0.1, longest_pause=0.4)


class Service:
    """A supervisor in a thread, with one part that runs a program; what it says and which states it notes."""

    def __init__(
        self, program: Path, silence: Callable[[], float | None], is_taken: Callable[[int], bool] | None = None
    ) -> None:
        self.said: list[str] = []
        self.parts: dict[str, PartState] = {}
        self._is_over = False
        part = Part("part", [os.path.relpath(program, Path(sys.executable).parent)], silence, is_taken=is_taken)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor([part], environment, lambda _, text: self.said.append(text), self.parts.update, QUICK)
        self._thread = Thread(target=supervisor.run, args=(lambda: self._is_over,))
        self._thread.start()

    def end(self) -> None:
        self._is_over = True
        self._thread.join(30)

    @property
    def pid(self) -> int:
        return self.parts["part"].pid

    def is_replaced(self, pid: int) -> bool:
        return self.pid != pid and self.parts["part"].state == "running"


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    program, silence = request.param
    (tmp_path / "program").write_text(program)
    running = Service(tmp_path / "program", silence)
    yield running
    running.end()


SLEEPS = "import time\nprint('hello')\ntime.sleep(600)"
DEAF = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPS}"
START = "subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)"
WITH_A_CHILD = f"import subprocess, sys\nchild = {START}\nprint(child.pid)\n{SLEEPS}"


@pytest.mark.parametrize("service", [(SLEEPS, lambda: 0.0)], indirect=True)
def test_a_killed_part_is_replaced_and_the_log_says_why(service: Service) -> None:
    wait_until(lambda: service.parts and service.parts["part"].state == "running")
    pid = service.pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service.is_replaced(pid))
    assert f"restarting the part (process {pid}): it was killed by SIGKILL" in service.said
    assert service.parts["part"].restarts == 1


@pytest.mark.parametrize("service", [(DEAF, lambda: math.inf)], indirect=True)
def test_a_silent_part_is_killed_and_replaced(service: Service) -> None:
    wait_until(lambda: service.parts)
    started_at = service.parts["part"].since
    wait_until(lambda: service.parts["part"].state == "restarting")
    assert service.parts["part"].since > started_at
    wait_until(lambda: any("it gave no sign of life for 2 s" in text for text in service.said))
    wait_until(lambda: any("killing the part" in text for text in service.said))
    wait_until(lambda: service.parts["part"].state == "starting")


@pytest.mark.parametrize("service", [(SLEEPS, lambda: None)], indirect=True)
def test_a_part_of_which_nothing_can_be_told_is_left_alone(service: Service) -> None:
    wait_until(lambda: "hello" in service.said)
    time.sleep(1.5 * QUICK.silence)
    assert service.parts["part"].restarts == 0


@pytest.mark.parametrize("service", [("raise SystemExit(3)", lambda: math.inf)], indirect=True)
def test_a_part_that_ends_at_once_is_started_again_after_pauses(service: Service) -> None:
    wait_until(lambda: service.parts and service.parts["part"].restarts >= 3)
    assert service.parts["part"].last_reason == "it ended with exit code 3"


RUNS = (
    "import os, signal, sys, time\nfrom pathlib import Path\ntaken = Path(sys.argv[0]).with_name('taken')\n"
    "def end(*_):\n    taken.with_name('ended').write_text('SIGUSR1')\n    sys.exit()\n"
    "signal.signal(signal.SIGUSR1, end)\n"
    "new = taken.with_suffix('.new')\n"
    "if not taken.exists():\n    new.write_text(str(os.getpid()))\n    new.rename(taken)\n"
    "time.sleep(600)"
)
"""The first process of this program says that a run took it; later ones wait."""


def test_a_process_that_a_run_took_goes_on_beside_the_next_one(tmp_path: Path) -> None:
    """It is not restarted for its silence, and the end of the service tells it apart from an end by a person."""
    (tmp_path / "program").write_text(RUNS)
    taken = tmp_path / "taken"

    def is_taken(pid: int) -> bool:
        return taken.exists() and taken.read_text() == str(pid)

    running = Service(tmp_path / "program", lambda: 0.0, is_taken)
    try:
        wait_until(taken.exists)
        first = int(taken.read_text())
        wait_until(lambda: running.pid not in (0, first) and running.parts["part"].state == "running")
        assert started(first) is not None
        assert (running.parts["part"].restarts, running.parts["part"].follows_a_run) == (0, True)
        second = running.pid
        os.kill(second, signal.SIGKILL)
        wait_until(lambda: running.is_replaced(second))
        assert (running.parts["part"].restarts, running.parts["part"].follows_a_run) == (1, False)
    finally:
        running.end()
    assert started(first) is None
    assert (tmp_path / "ended").read_text() == "SIGUSR1"


@pytest.mark.parametrize("service", [(WITH_A_CHILD, lambda: 0.0)], indirect=True)
def test_the_end_leaves_no_child(service: Service) -> None:
    wait_until(lambda: any(text.isdigit() for text in service.said))
    child = int(next(text for text in service.said if text.isdigit()))
    service.end()
    assert started(service.pid) is None
    wait_until(lambda: started(child) is None)


def test_parts_and_children_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    (tmp_path / "program").write_text(WITH_A_CHILD)
    code = (
        "import os, sys\nfrom vsf_assets.service.parts import Part\n"
        "from vsf_assets.service.supervisor import Supervisor\n"
        f"part = Part('part', [{os.path.relpath(tmp_path / 'program', Path(sys.executable).parent)!r}], lambda: 0.0)\n"
        "say = lambda _, text: print(text, flush=True)\n"
        "environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}\n"
        "Supervisor([part], environment, say, lambda parts: say('', f'{parts[\"part\"].pid}')).run(lambda: False)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids: set[int] = set()
        while len(pids) < 2:
            text = supervisor.stdout.readline().strip()
            pids |= {int(text)} if text.isdigit() else set()
        supervisor.kill()
        for pid in pids:
            wait_until(lambda pid=pid: started(pid) is None)
