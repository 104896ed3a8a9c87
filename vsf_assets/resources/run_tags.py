"""The tags that the platform gives to runs: their names, and their values in runs of earlier versions.

Here: the names, and which tags tell of one run alone. Not here: the tags of a run's process (run_process.py), and what
sensors decide from tags (defs/backoff.py, defs/build_attempts.py, defs/stopped_runs.py).

The UI does not show tags that begin with `.dagster/`. A reader of the UI needs two: what a run loaded, and which
snapshot it published.
"""

from collections.abc import Mapping

from vsf_assets.resources.run_process import HOST, PID, PID_START

WRITER = ".dagster/vsf_writer"
"""Of a run that writes the warehouse; dagster.yaml starts such runs one after the other."""

BUILDS = ".dagster/vsf_builds"
"""Of a run that builds and publishes, of whatever job."""

INGESTS = ".dagster/vsf_ingests"
"""Of a run that ingests a family, of whatever job; the value is the family."""

SHARE = ".dagster/vsf_share"
"""Of a run that loads one share of the files that have landed; the value names it, e.g. `2/8`."""

BASIS = ".dagster/vsf_built_from"
"""What a build is made from; the value is a digest (BuildState.basis)."""

REFUSED = ".dagster/vsf_refused"
"""`yes` for a run whose build was refused: a check or a model failed. What the run loaded before is loaded."""

OUTAGE = ".dagster/vsf_outage"
"""Of a run that failed because a server, a bucket or a lock was not available; the value is the type of its error."""

STOPPED = ".dagster/vsf_stopped_with_service"
"""Of a canceled run that was ended by the end of the service, and not by a person."""

LOADED, SNAPSHOT = "loaded", "snapshot"
"""What a run loaded, and the number of the snapshot that it published. The UI's list of runs shows both."""

_EARLIER = {
    BUILDS: "vsf/builds",
    INGESTS: "vsf/ingests",
    REFUSED: "vsf/refused",
    STOPPED: "vsf/stopped_with_service",
}
"""Name -> the name in homes of earlier versions, which the UI showed."""

_OF_ONE_RUN = (BASIS, REFUSED, OUTAGE, STOPPED, LOADED, SNAPSHOT, HOST, PID, PID_START)


def earlier_name(name: str) -> str | None:
    """Return the name of a tag in runs of earlier versions; None if it is the same."""
    return _EARLIER.get(name)


def value_of(tags: Mapping[str, str], name: str) -> str | None:
    """Return the value of a tag, also in a run of an earlier version; None without it."""
    return tags.get(name, tags.get(_EARLIER.get(name, name)))


def without_outcome(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that a run passes on to its re-execution: not those of its process and of what it did."""
    dropped = {*_OF_ONE_RUN, *(_EARLIER[name] for name in _OF_ONE_RUN if name in _EARLIER)}
    return {name: value for name, value in tags.items() if name not in dropped}


def ended_with_service(tags: Mapping[str, str]) -> bool:
    """Whether a canceled run was ended by the end of the service."""
    return value_of(tags, STOPPED) is not None
