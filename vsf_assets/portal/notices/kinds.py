"""The kinds of notices, and the ways by which a team receives them.

Here: names and meanings. Not here: when one is found (snapshot_findings.py, run_findings.py), and the sentences of a
notice (wording.py).
"""

UNREADABLE, WORSE, MISSING, VOLUME = "unreadable", "worse", "missing", "volume"
"""Kinds that a snapshot shows; each belongs to a feed."""

BUILD, SILENT = "build", "silent"
"""Kinds that the record of runs and the service show; they concern every feed."""

MASKED = "masked"
"""Kind that concerns the platform's team alone: nobody else asks SQL."""

RESOLVED = "resolved"
"""Not a kind of event: the choice whether a message says that an event is over."""

OF_SNAPSHOT = (UNREADABLE, WORSE, MISSING, VOLUME)

KINDS: dict[str, tuple[str, str]] = {
    UNREADABLE: ("delivery unreadable", "a file could not be read at all"),
    WORSE: ("delivery worse than usual", "far more of its rows were held back than the feed's own usual"),
    MISSING: ("day missing", "a day was not delivered in time, or days around it were"),
    VOLUME: ("volume out of band", "far more or fewer events than on the same weekday before"),
    BUILD: ("build not published", "a build failed, and the snapshot before it stays"),
    SILENT: ("automation silent", "the service gives no sign of life, so nothing is loaded by itself"),
    MASKED: ("masked copy missing", "a masked copy of a snapshot cannot be made, so SQL without personal data waits"),
}
"""Kind -> its name, and when it happens."""

PAGE, MAIL, WEBHOOK = "page", "mail", "webhook"
"""The ways."""
