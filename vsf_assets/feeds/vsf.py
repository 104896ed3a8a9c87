"""Feeds of the mobile analytics family: events by processing date, and the states they refer to."""

from vsf_assets.feeds.feed import DAYS, Delimited, Feed

FEEDS = (
    Feed(
        name="events",
        family="vsf",
        description="App events, one gzip file per processing date and cohort.",
        tables=("raw.events",),
        reading=Delimited(delimiter="|", escape="\\"),
        partitioning=DAYS,
        late_after_hours=30,
        names=(
            r"^\d{4}-\d{2}-\d{2}_(?!.*(linedim|accountdim|limitfact)).+\.txt(\.gz)?$",
            r"(?<![a-z])events(?![a-z])",
        ),
    ),
    Feed(
        name="lines",
        family="vsf_states",
        subject="vsf",
        description="Phone lines; a partial list of states, effective on the date of the file's name.",
        tables=("raw.lines",),
        names=("linedim", r"(?<![a-z])lines(?![a-z])"),
        keeps="state",
    ),
    Feed(
        name="accounts",
        family="vsf_states",
        subject="vsf",
        description="Customer accounts; a partial list of states, effective on the date of the file's name.",
        tables=("raw.accounts",),
        names=("accountdim", r"(?<![a-z])accounts(?![a-z])"),
        keeps="state",
    ),
    Feed(
        name="limits",
        family="vsf_states",
        subject="vsf",
        description="Usage limits that customers set on lines.",
        tables=("raw.limits",),
        names=("limitfact", r"(?<![a-z])limits(?![a-z])"),
    ),
)
