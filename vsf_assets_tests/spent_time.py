"""Processor seconds of the tests by file, printed at the end: what makes the suite slow.

Here: measuring and printing. Not here: any limit: processors differ, and no test is judged by the clock.
A file's seconds are those of its process and of the children that it waited for, with the fixtures that
its tests were the first to ask for. PYTEST_DONT_REWRITE: it is imported before pytest could do so.
"""

import json
import resource
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

SHOWN = 15
others = 0.0
"""Seconds of processes that others waited for; whoever starts such processes adds to it (forks.py)."""
before_workers = 0.0
"""Seconds of the process that workers are forked from, until it served (workers.py)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--spent-time", metavar="FILE", help="write processor seconds of every test to a JSON file")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SpentTime(config), "spent-time")


def processor_seconds() -> float:
    """Return what this process, the children it waited for and others that it counts have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used) + others


class SpentTime:
    """Adds up processor seconds: in workers per phase of a test, in the process that prints per file."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.before = 0.0
        self.by_test: Counter[str] = Counter()
        self.start = 0.0

    def pytest_collection_finish(self) -> None:
        """Start to count: what importing and collecting took belongs to no test."""
        self.start = self.before = processor_seconds()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Report what the start of this worker took to the process that prints."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["start_seconds"] = self.start

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Count the start of a worker; one that was killed has said nothing."""
        self.start += getattr(node, "workeroutput", {}).get("start_seconds", 0.0)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        """Give a report the seconds since the one before it."""
        report = yield
        now = processor_seconds()
        report.processor_seconds, self.before = now - self.before, now
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count a report, of this process or of a worker; xdist writes one without seconds for a worker that died."""
        self.by_test[report.nodeid] += getattr(report, "processor_seconds", 0.0)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the slowest files, and the sum."""
        start = self.start + before_workers
        by_file: Counter[str] = Counter()
        tests: Counter[str] = Counter()
        for test, seconds in self.by_test.items():
            by_file[test.split("::")[0]] += seconds
            tests[test.split("::")[0]] += 1
        terminalreporter.section("processor time")
        for name, seconds in by_file.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {tests[name]:4} tests  {name}")
        terminalreporter.write_line(f"{start:7.1f} s             start and collection")
        whole = sum(by_file.values()) + start
        terminalreporter.write_line(f"{whole:7.1f} s  {tests.total():4} tests in {len(by_file)} files")
        target = self.config.getoption("--spent-time")
        if target:
            rounded = {test: round(seconds, 3) for test, seconds in self.by_test.items()}
            Path(target).write_text(json.dumps(rounded, indent=0))
