"""The watcher: finds events in snapshots and in the record of runs, and sends messages, beside the portal's workers.

Here: when it scans, one pass, and the threads. `vsf portal` runs one watcher; of several on one database, the holder of
a lease scans, and all of them send. Not here: what is found (snapshot_findings.py, run_findings.py).

A pass compares what is so now with what the database knows, so a watcher that was off finds what happened meanwhile.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections, connections, transaction

from vsf_assets.common.errors import VsfError
from vsf_assets.masking.copy_state import read_state
from vsf_assets.pipeline.home_status import HomeStatus, gather
from vsf_assets.portal.notices.fill_outbox import distribute
from vsf_assets.portal.notices.kinds import BUILD, MASKED, OF_SNAPSHOT, SILENT
from vsf_assets.portal.notices.lease import begin_news, database_now, hold, release, still_held
from vsf_assets.portal.notices.models import NoticeEvent, OutboxMessage, WatchLease
from vsf_assets.portal.notices.outbox import send_next
from vsf_assets.portal.notices.record_events import MOST_EVENTS, OLDEST, Changes, open_key, record_findings
from vsf_assets.portal.notices.run_findings import RUNS, build_findings, failing_copy, silence
from vsf_assets.portal.notices.snapshot_findings import Finding, SnapshotFindings, snapshot_findings
from vsf_assets.portal.shared.open_pool import EXPORTS
from vsf_assets.runs.record_file import RecordError, record_file
from vsf_assets.runs.run_record import RunRecord, read_runs
from vsf_assets.runs.service_state import service_folder
from vsf_assets.snapshots.pointer_watch import PointerWatch
from vsf_assets.snapshots.pool import NoSnapshotError, QueryLimits, SnapshotPool

SECONDS = 2.0
"""Between two looks at the pointer of the snapshot and at the file of the record."""

RUN_SECONDS, SNAPSHOT_SECONDS = 20.0, 1800.0
"""After which the record, and the snapshot, are read although neither changed: processes die, and days pass."""

LASTS = timedelta(seconds=60)
"""How long automation must be seen silent, so that a machine that was asleep sends nothing."""

KEPT = timedelta(days=400)
"""Age from which events and messages are removed; longer than anything can be found again."""

SENDERS = 2

_log = logging.getLogger("vsf.portal.notices")


class NoticeWatcher:
    """Scans as long as it holds the lease; between passes it remembers only what it has read."""

    def __init__(self, clock: Callable[[], datetime] = database_now) -> None:
        self.holder = uuid.uuid4()
        self._clock = clock
        self._pointer = PointerWatch(settings.VSF)
        # Part -> state of what was read, and when: in this pass, and in the last one of which everything is recorded.
        self._read: dict[int, tuple[Hashable, datetime]] = {}
        self._recorded: dict[int, tuple[Hashable, datetime]] = {}
        self._silent: tuple[str, datetime] | None = None
        self._cleaned_on: object = None
        self._warned = ""

    def scan(self) -> Changes | None:
        """Make one pass, and return what it changed; None if others have the leases, or nothing is to be read.

        Raises:
            DatabaseError: the portal's database does not answer.
        """
        now = self._clock()
        runs, shown = self._scan_runs(now), self._scan_snapshot(now)
        if runs is None and shown is None:
            return None
        changes, of_part = Changes(), dict[int, Changes]()
        with transaction.atomic():
            if runs is not None and still_held(WatchLease.RUNS, self.holder):
                since = self._news_since(WatchLease.RUNS)
                of_part[WatchLease.RUNS] = record_findings(runs, since, now)
            if shown is not None and still_held(WatchLease.SNAPSHOTS, self.holder):
                since = self._news_since(WatchLease.SNAPSHOTS)
                found = record_findings(shown.findings, since, now, OF_SNAPSHOT, shown.delivered)
                of_part[WatchLease.SNAPSHOTS] = found
            for found in of_part.values():
                changes = Changes(changes.new + found.new, changes.over + found.over)
            distribute(changes, now, settings.VSF_PORTAL.mail is not None)
            WatchLease.objects.filter(holder=self.holder).update(scanned_at=now)
            self._clean(now)
        for part, found in of_part.items():  # only now: what was not recorded, or not all, is read again
            if len(found.new) < MOST_EVENTS:
                self._recorded[part] = self._read[part]
        return changes

    def _news_since(self, part: int) -> datetime:
        since: datetime = WatchLease.objects.get(id=part).news_since
        return since

    def _scan_runs(self, now: datetime) -> list[Finding] | None:
        """Return what the record of runs and the service show; None if that is not to be read, or there is none."""
        folder = settings.VSF.home
        if not (record_file(folder).exists() or service_folder(folder).exists()):
            return None
        lease = hold(WatchLease.RUNS, self.holder)
        if lease is None:
            self._recorded.pop(WatchLease.RUNS, None)
            return None
        return self._of_runs(lease, now)

    def _scan_snapshot(self, now: datetime) -> SnapshotFindings | None:
        """Return what the current snapshot shows; None if that is not to be read."""
        lease = hold(WatchLease.SNAPSHOTS, self.holder)
        if lease is None:
            self._recorded.pop(WatchLease.SNAPSHOTS, None)
            return None
        return self._of_snapshot(lease, now)

    def _of_runs(self, lease: WatchLease, now: datetime) -> list[Finding] | None:
        try:
            status = record_file(settings.VSF.home).stat()
            state: Hashable = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            state = ()
        if self._is_recorded(WatchLease.RUNS, state, now, RUN_SECONDS):
            return None
        since = max(lease.news_since, now - OLDEST)
        try:
            runs: list[RunRecord] = read_runs(settings.VSF.home, RUNS)
        except RecordError as error:
            self._warn(str(error))
            runs = []
        found = build_findings(runs, open_key(BUILD), since)
        silent = self._silence(gather(settings.VSF, asks_bucket=False), lease.news_since, now)
        self._read[WatchLease.RUNS] = (state, now)
        copy = read_state(settings.VSF.home) if settings.VSF_PORTAL.masked else None
        failing = failing_copy(copy, open_key(MASKED), since)
        return [*found, *([silent] if silent else []), *([failing] if failing else [])]

    def _silence(self, home: HomeStatus, since: datetime, now: datetime) -> Finding | None:
        found = silence(home, open_key(SILENT), since)
        if found is None or found.happened_at is None:
            self._silent = None
            return found
        if self._silent is None or self._silent[0] != found.key:
            self._silent = (found.key, now)
        return found if now - self._silent[1] >= LASTS else None

    def _of_snapshot(self, lease: WatchLease, now: datetime) -> SnapshotFindings | None:
        try:
            state, snapshot = self._pointer.current()
        except (OSError, VsfError) as error:
            self._warn(f"the current snapshot cannot be found: {error}")
            return None
        if snapshot is None or self._is_recorded(WatchLease.SNAPSHOTS, state, now, SNAPSHOT_SECONDS):
            return None
        self._read[WatchLease.SNAPSHOTS] = (state, now)
        has_open = NoticeEvent.objects.filter(kind__in=OF_SNAPSHOT, resolved_at=None).exists()
        portal = settings.VSF_PORTAL
        folder = settings.VSF.home / "portal" / EXPORTS
        pool = SnapshotPool(settings.VSF, QueryLimits(portal.query_seconds, portal.query_memory, folder))
        try:
            with pool.current() as opened:
                found = snapshot_findings(opened, lease.news_since, now, has_open, not open_key(BUILD))
        except NoSnapshotError:
            return None  # removed since; the pointer names another one at the next pass
        except VsfError as error:
            self._warn(f"notices of the current snapshot: {error}")
            self._recorded[WatchLease.SNAPSHOTS] = (state, now)  # its queries fail again; wait for another snapshot
            found = None
        finally:
            pool.close()
        return found

    def _is_recorded(self, part: int, state: Hashable, now: datetime, seconds: float) -> bool:
        """Whether everything that a state shows was recorded, less than some seconds ago."""
        recorded = self._recorded.get(part)
        return recorded is not None and recorded[0] == state and now - recorded[1] < timedelta(seconds=seconds)

    def _warn(self, text: str) -> None:
        """Log what keeps a pass from reading, once until it changes."""
        if text != self._warned:
            _log.warning("%s", text)
        self._warned = text

    def _clean(self, now: datetime) -> None:
        """Remove what is too old to matter, once a day."""
        if self._cleaned_on != now.date():
            OutboxMessage.objects.filter(created_at__lt=now - KEPT).delete()
            NoticeEvent.objects.filter(found_at__lt=now - KEPT).exclude(resolved_at=None).delete()
            self._cleaned_on = now.date()


class NoticeThreads:
    """The threads of a watcher: one that scans, and some that send; each goes on after an error."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; events before the first start of all are no news."""
        begin_news()
        self._threads = [threading.Thread(target=self._scan, name="notices: watcher", daemon=True)]
        self._threads += [
            threading.Thread(target=self._send, name=f"notices: sender {number}", daemon=True)
            for number in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End the threads; one that still sends after the given time ends with the process."""
        self._end.set()
        for thread in self._threads:
            thread.join(seconds)

    def _scan(self) -> None:
        watcher = NoticeWatcher()
        self._repeat(watcher.scan, SECONDS)
        release(watcher.holder)
        connections.close_all()

    def _send(self) -> None:
        def step() -> None:
            while not self._end.is_set() and send_next():
                pass

        self._repeat(step, SECONDS)
        connections.close_all()

    def _repeat(self, step: Callable[[], object], pause: float) -> None:
        """Call a function until the end, whatever it raises; after an error with a longer pause."""
        while not self._end.is_set():
            wait = pause
            try:
                close_old_connections()
                step()
            except Exception:  # noqa: BLE001 - the log has it
                _log.exception("notices: %s", threading.current_thread().name)
                connections.close_all()
                wait = 10 * pause
            self._end.wait(wait)
