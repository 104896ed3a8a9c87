"""Feeds of the mobile analytics family: events by processing date, and the states they refer to."""

from vsf_assets.feeds.feed import DAYS, Delimited, Feed

# A cohort may be called anything, but its file is gzip; `2019-06-01_lines.txt` is a list of lines.
_OF_STATES = "linedim|accountdim|limitfact"
_OF_STATES_OR_FEEDS = f"{_OF_STATES}|lines|accounts|limits"

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
            rf"^\d{{4}}-\d{{2}}-\d{{2}}_(?!.*({_OF_STATES})).+\.txt\.gz$",
            rf"^\d{{4}}-\d{{2}}-\d{{2}}_(?!.*({_OF_STATES_OR_FEEDS})).+\.txt$",
            r"(?<![a-z])events(?![a-z])",
        ),
    ),
    Feed(
        name="lines",
        family="vsf_states",
        subject="vsf",
        description="Phone lines; a partial list of states, effective on the date of the file's name.",
        tables=("raw.lines",),
        names=("linedim", "lines"),
        keeps="state",
        takes_effect_by_name=True,
    ),
    Feed(
        name="accounts",
        family="vsf_states",
        subject="vsf",
        description="Customer accounts; a partial list of states, effective on the date of the file's name.",
        tables=("raw.accounts",),
        names=("accountdim", "accounts"),
        keeps="state",
        takes_effect_by_name=True,
    ),
    Feed(
        name="limits",
        family="vsf_states",
        subject="vsf",
        description="Usage limits that customers set on lines.",
        tables=("raw.limits",),
        names=("limitfact", "limits"),
    ),
)
