"""One round of fetching: scan a source, then put scan record, list and objects into the inbox.

Here: one round, and its report. Not here: the decision what to fetch (catalog/model/plan.py), and loading the inbox
(ingest/session.py). The caller holds the lock of the inbox.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from vsf_assets.catalog.clients.base import ObjectSource
from vsf_assets.catalog.clients.factory import open_source
from vsf_assets.catalog.fetch import FetchedObject, ObjectPrefetcher, bring
from vsf_assets.catalog.history import FetchedStates, SourceHistory
from vsf_assets.catalog.inbox import Inbox
from vsf_assets.catalog.model.errors import GoneError, SourceError, SourceObjectReplacedError
from vsf_assets.catalog.model.plan import UNKNOWN, Listed, Plan, ToFetch
from vsf_assets.catalog.model.retry import Deadline, concurrently, retried
from vsf_assets.catalog.scan import Log, SourceScan, plan_of, settled_scan
from vsf_assets.common.throttle import throttled
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.catalog import OBJECTS


@dataclass
class RoundReport:
    """The result of a round.

    Attributes:
        profile: the source.
        scan: the scan of the source; None if the source is not in use.
        changed, vanished, compared: numbers of objects.
        fetched: objects that are in the inbox now.
        transferred: bytes of the fetched objects and lists.
        failed: object -> why it could not be read; the next run fetches it again.
        gone: names that were listed and not there when they were fetched.
        replaced: names whose state changed between scan and fetch.
    """

    profile: Profile
    scan: SourceScan | None = None
    changed: int = 0
    vanished: int = 0
    fetched: set[str] = field(default_factory=set)
    compared: int = 0
    transferred: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)


def fetch_from_source(
    settings: Settings,
    inbox: Inbox,
    profile: Profile,
    history: SourceHistory,
    log: Log,
    force: bool = False,
    gone: Collection[str] = (),
) -> RoundReport:
    """Scan a source once, fetch what changed into the inbox, and report. Failures stand in the report, none is raised.

    Args:
        settings: for settling and the cache.
        inbox: locked by the caller; it holds no scan records.
        profile: the source.
        history: the known states of its objects.
        log: receives messages of progress.
        force: fetch everything that is listed.
        gone: names that an earlier round of this run did not find; needed where the source gives no states.
    """
    report = RoundReport(profile)
    fetched_states = FetchedStates.read(settings, profile.name)
    try:
        source = open_source(profile)
    except (SourceError, OSError) as error:
        report.failed[profile.address] = str(error)
        return report
    ahead = ObjectPrefetcher(source, inbox, history.known, log)
    try:
        scan = settled_scan(source, history.last_scan_at, settings, log, ahead.states)
        if scan is None:
            return report
        missing = {name: None for name in gone if scan.observed.get(name) == UNKNOWN}
        report.scan = replace(scan, observed={**scan.observed, **missing})
        report.transferred += len(scan.content)
        plan = plan_of(report.scan, history, fetched_states, force)
        _Round(source, inbox, report, history, fetched_states, log, ahead).execute(plan)
        fetched_states.write()
    except SourceError as error:
        report.failed[f"{profile.address}/{profile.list_name}"] = str(error)
    finally:
        ahead.discard()
        source.close()
    return report


class _Round:
    """One round at one source."""

    def __init__(
        self,
        source: ObjectSource,
        inbox: Inbox,
        report: RoundReport,
        history: SourceHistory,
        fetched_states: FetchedStates,
        log: Log,
        ahead: ObjectPrefetcher,
    ):
        self._source, self._inbox, self._report, self._fetched_states = source, inbox, report, fetched_states
        self._history, self._log, self._ahead = history, log, ahead

    def execute(self, plan: Plan) -> None:
        """Compare objects without comparable states, write the scan record, fetch."""
        report, scan = self._report, self._report.scan
        assert scan is not None  # noqa: S101 - for the type checker: the caller scanned
        report.failed |= {_short(shown(report.profile, name)): _short(why, 1000) for name, why in plan.unseen}
        different = self._compare(plan)
        records = sorted(plan.records, key=lambda record: record[0].position)
        report.vanished = sum(state is None for _, state in records)
        report.changed = len(records) - report.vanished
        lost = self._history.lost_list
        if records or scan.list_sha256 != self._history.list_sha256:
            lines = [_record(item, state, scan.list_sha256) for item, state in records]
            at = lost[0] if lost and lost[1] == scan.list_sha256 and not records else scan.at
            self._inbox.place_scan(report.profile, at, lines, scan.content)
        for to_fetch, fetched in different:
            self._place(to_fetch, fetched)
        self._fetch(plan.fetch)

    def _compare(self, plan: Plan) -> list[tuple[ToFetch, FetchedObject]]:
        """Fetch objects whose states cannot be compared; return the changed ones, and add them to the records."""
        different: list[tuple[ToFetch, FetchedObject]] = []
        said = self._progress("compared", len(plan.compare))
        for to_fetch, result in concurrently(self._bring, plan.compare, self._report.profile.connections):
            self._report.compared += 1
            if isinstance(result, GoneError):
                plan.records.append((to_fetch.listed, None))
            elif isinstance(result, Exception):
                self._failed(to_fetch, result)
            else:
                self._report.transferred += result.size
                if result.sha256 == self._history.known[to_fetch.listed.name].sha256:
                    result.temp_path.unlink()
                    self._note_state(to_fetch, result, is_known=True)
                else:
                    plan.records.append((to_fetch.listed, result.state))
                    different.append((to_fetch, result))
            said(self._report.compared)
        return different

    def _fetch(self, to_fetch: list[ToFetch]) -> None:
        said = self._progress("fetched", len(to_fetch))

        def bring(item: ToFetch) -> FetchedObject:
            fetched = self._ahead.pop(item.listed.name, item.state) or self._bring(item)
            # In the worker, not where results are gathered: a complete object survives the death of this process.
            self._inbox.place_object(fetched.temp_path, self._report.profile, item.listed.name, item.at)
            return fetched

        results = concurrently(bring, to_fetch, self._report.profile.connections)
        for done, (item, result) in enumerate(results, 1):
            if isinstance(result, GoneError):
                self._report.gone.add(item.listed.name)
            elif isinstance(result, Exception):
                self._failed(item, result)
            else:
                self._report.fetched.add(shown(self._report.profile, item.listed.name))
                self._report.transferred += result.size
                self._note_state(item, result)
            said(done)

    def _bring(self, to_fetch: ToFetch) -> FetchedObject:
        """Fetch an object into a temporary file, with retries."""
        profile = self._report.profile

        def once(deadline: Deadline) -> FetchedObject:
            return bring(self._source, self._inbox, to_fetch.listed.name, to_fetch.state, deadline)

        return retried(once, profile.attempts, profile.object_timeout)

    def _place(self, to_fetch: ToFetch, fetched: FetchedObject) -> None:
        self._inbox.place_object(fetched.temp_path, self._report.profile, to_fetch.listed.name, to_fetch.at)
        self._report.fetched.add(shown(self._report.profile, to_fetch.listed.name))

    def _note_state(self, to_fetch: ToFetch, fetched: FetchedObject, is_known: bool = False) -> None:
        """Cache the state of an object whose record says UNKNOWN; `is_known` if its content is unchanged."""
        before = self._history.known.get(to_fetch.listed.name)
        at, state = to_fetch.at, to_fetch.state
        if before is not None and (is_known or before.at == to_fetch.at):
            at, state = before.at, before.state or UNKNOWN
        if state == UNKNOWN != fetched.state:
            self._fetched_states.note(to_fetch.listed.name, at, fetched.state)

    def _failed(self, to_fetch: ToFetch, error: Exception) -> None:
        if isinstance(error, SourceObjectReplacedError):
            self._report.replaced.add(to_fetch.listed.name)
        elif isinstance(error, SourceError | OSError):
            self._report.failed[_short(shown(self._report.profile, to_fetch.listed.name))] = _short(str(error), 1000)
        else:
            raise error

    def _progress(self, what: str, of: int) -> Any:
        said = throttled(self._log, 1.0)
        report = self._report

        def log(count: int) -> None:
            line = f"fetching: {what} {count:,} of {of:,} objects, {report.transferred / 1e6:,.1f} MB"
            (self._log if count == of else said)(line)

        return log


def _record(item: Listed, state: str | None, list_sha256: str) -> dict[str, Any]:
    return {"position": item.position, "name": item.name, "state": state, "list_sha256": list_sha256}


def _short(text: str, maximum: int = 300) -> str:
    """Cut a long text: a name in a list may have a megabyte, and error messages repeat it."""
    return text if len(text) <= maximum else f"{text[:maximum]}… ({len(text):,} characters)"


def shown(profile: Profile, name: str) -> str:
    """Return an object's name for messages."""
    return f"{OBJECTS}/{profile.name}/{name}"
