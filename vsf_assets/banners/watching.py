"""A worker's look at its files: new slots, new keys, the loader's status, and whether the service still runs.

Here: the thread that replaces slots and keys while requests go on, `/healthz` and `/metrics`. Not here: loading from a
snapshot (loading.py), which happens in another process.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path

from vsf_assets.banners.app import BannerApp
from vsf_assets.banners.counters import prometheus, share, total
from vsf_assets.banners.prepared import Slots
from vsf_assets.banners.score_table import from_bytes
from vsf_assets.banners.shared_files import SILENCE, SharedFiles, identity, read_status
from vsf_assets.common.errors import VsfError
from vsf_assets.web.answers import NO_STORE, HttpAnswer
from vsf_assets.web.signing_keys import read_keys

EVERY = 0.5
"""Seconds between two looks."""

_SHARE_EVERY = 1.0
_PATIENCE = 10.0
"""Seconds for open requests after the service is gone."""


class Watcher:
    """Keeps an application up to date with its files.

    Args:
        app: the application.
        files: its files.
        worker: name of this worker, for its counts.
        log: receives a line for each event.
        clock: returns the time in seconds since 1970.
    """

    def __init__(
        self,
        app: BannerApp,
        files: SharedFiles,
        worker: str,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app, self._files, self._worker, self._log, self._clock = app, files, worker, log, clock
        self._read: dict[str, Hashable] = {}  # subject -> identity of its file as it was read last
        self._shared_at = 0.0
        self._failures: dict[str, str] = {}
        self._loaded_at = 0.0
        app.reports[b"/healthz"] = self.health
        app.reports[b"/metrics"] = self.metrics

    def check(self) -> None:
        """Replace what has changed; what cannot be read stays as it is."""
        if self._files.scores.exists():  # else the loader makes it, from the first snapshot on
            self._follow("slots", self._files.scores, self._replace_slots)
        self._follow("keys", self._files.keys, lambda: self._app.replace(keys=read_keys(self._files.keys)))
        if time.monotonic() - self._shared_at >= _SHARE_EVERY:
            self._shared_at = time.monotonic()
            self._note("counts", lambda: share(self._app.counters, self._files.folder, self._worker))

    def _follow(self, subject: str, file: Path, step: Callable[[], None]) -> None:
        """Do a step if a file is not the one that was read last, again at each look until it succeeds.

        A failure may pass while the file stays the same: too many open files, or rights that a person mends.
        """
        found = identity(file)
        if found != self._read.get(subject) or subject in self._failures:
            self._note(subject, step)
            if subject not in self._failures:
                self._read[subject] = found

    def _replace_slots(self) -> None:
        table = from_bytes(self._files.scores.read_bytes())
        self._app.replace(slots=Slots(table))
        self._loaded_at = self._clock()

    def _note(self, subject: str, step: Callable[[], None]) -> None:
        """Do a step, and note if it failed: requests go on with what they have."""
        try:
            step()
        except (OSError, ValueError, KeyError, TypeError, VsfError) as error:
            if subject not in self._failures:
                self._log(f"{error}; going on with the {subject} before")
            self._failures[subject] = f"the file of {subject} cannot be read or written"
        else:
            self._failures.pop(subject, None)

    def health(self) -> HttpAnswer:
        """Return the answer of `/healthz`: 200 while banners can be answered, also stale ones; else 503."""
        now = self._clock()
        status = read_status(self._files)
        age = max(0.0, now - status.checked_at)
        reasons = [status.failure, *self._failures.values()]
        if age > SILENCE:
            reasons.append(f"the pointer to the current snapshot was not looked at for {SILENCE:.0f} s")
        reasons = [reason for reason in reasons if reason]
        has_scores = bool(self._app.slots.table.campaigns)
        content = {
            "status": "no scores" if not has_scores else "stale" if reasons else "ok",
            "snapshot": self._app.slots.snapshot or None,
            "campaign_count": len(self._app.slots.table.campaigns),
            "checked_seconds": round(age, 1) if status.checked_at else None,
            "loaded_seconds": round(max(0.0, now - self._loaded_at), 1) if self._loaded_at else None,
            "failures": reasons,
        }
        body = json.dumps(content).encode() + b"\n"
        return HttpAnswer(200 if has_scores else 503, ((b"content-type", b"application/json"), NO_STORE), body)

    def metrics(self) -> HttpAnswer:
        """Return the answer of `/metrics`: the counts of all workers of the service."""
        status = read_status(self._files)
        gauges = {
            "vsf_banners_snapshot": ("Number of the snapshot whose banners are served.", self._app.slots.snapshot),
            "vsf_banners_campaigns": ("Campaigns that have banners.", len(self._app.slots.table.campaigns)),
            "vsf_banners_checked_timestamp_seconds": ("Last look at the current snapshot.", status.checked_at),
            "vsf_banners_stale": ("1 if the current snapshot cannot be loaded.", float(bool(status.failure))),
            "vsf_banners_load_failures": ("Failed looks since the start.", status.failures),
            "vsf_banners_loads": ("Loaded snapshots since the start.", status.loads),
        }
        text = prometheus(total(self._app.counters, self._files.folder, self._worker), gauges)
        kind = b"text/plain; version=0.0.4; charset=utf-8"
        return HttpAnswer(200, ((b"content-type", kind), NO_STORE), text)

    def start(self, parent: int) -> None:
        """Look in a thread, as long as the process `parent` lives; then this process ends."""

        def run() -> None:
            while os.getppid() == parent:
                time.sleep(EVERY)
                try:
                    self.check()
                except Exception as error:  # noqa: BLE001 - the next look may succeed, and this thread must not end
                    self._log(f"a look at the files failed: {type(error).__name__}: {error}")
            # The service was killed: nobody would replace or end this worker.
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_PATIENCE)
            os.kill(os.getpid(), signal.SIGKILL)

        self.check()
        threading.Thread(target=run, name="look at files", daemon=True).start()
