"""Feeds of the mobile analytics family: events by processing date, and the states they refer to."""

from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.feeds.reading import NO_DESCRIPTION, Delimited

_DATE = r"\d{4}-\d{2}-\d{2}"


FIRST_DATE, LAST_DATE = "1970-01-01", "2099-12-31"
"""Dates that a list can take effect on, as text; dbt has the same (macros/plausible_dates.sql)."""


def _list_name(*words: str) -> str:
    """Return the pattern of a list's name: one of the words after an optional date, alone or before `_`, `-`, a digit.

    So `order_lines.csv`, `guidelines.csv` and `phonelines.csv` are unknown: files of other systems end in these words.
    """
    return rf"^{NO_DESCRIPTION}(?:{_DATE}[_-])?(?:{'|'.join(words)})(?=$|[._\-\d])"


LINES, ACCOUNTS, LIMITS = (
    _list_name("linedim", "lines"),
    _list_name("accountdim", "accounts"),
    _list_name("limitfact", "limits"),
)

_IS_LIST = f"(?:{LINES}|{ACCOUNTS}|{LIMITS})"
"""A cohort may have any name except that of a list: `2019-06-01_lines_rs.txt.gz` is a list of lines."""

FEEDS = (
    Feed(
        name="events",
        family="mobile",
        description="App events, one gzip file per processing date and cohort.",
        tables=("raw.events",),
        examples=("2019-05-20_name.txt", "2019-05-20_testmdn_child_parent_rs.txt.gz", "2019-05-20/events.csv"),
        not_ours=(
            "2019-05-20_lines_rs.txt.gz",
            "2019-05-20_name.csv",
            "myevents.csv",
            "eventsource.csv",
            "events.schema.yaml",
        ),
        reading=Delimited(delimiter="|", escape="\\"),
        partitioning=DAYS,
        late_after_hours=30,
        names=(
            rf"^(?!{_IS_LIST}){_DATE}_.+\.txt(?:\.gz)?$",
            rf"^{NO_DESCRIPTION}(?!{_IS_LIST}).*(?<![a-z])events(?![a-z])",
        ),
    ),
    Feed(
        name="lines",
        family="mobile_states",
        subject="mobile",
        description="Phone lines; a partial list of states, effective on the date of the file's name.",
        tables=("raw.lines",),
        examples=("lines.csv", "2019-06-01_linedim_corrected.csv", "lines2.csv.gz", "2019-05-20_lines_rs.txt.gz"),
        not_ours=("order_lines.csv", "guidelines.csv", "phonelines.csv", "linesman.csv"),
        names=(LINES,),
        counts_once_by="delivery",
        takes_effect_by_name=True,
    ),
    Feed(
        name="accounts",
        family="mobile_states",
        subject="mobile",
        description="Customer accounts; a partial list of states, effective on the date of the file's name.",
        tables=("raw.accounts",),
        examples=("accounts.csv", "2019-06-01_accountdim.csv", "accountdim-2.csv"),
        not_ours=("customer_accounts.csv", "accountsdim.csv", "account.csv"),
        names=(ACCOUNTS,),
        counts_once_by="delivery",
        takes_effect_by_name=True,
    ),
    Feed(
        name="limits",
        family="mobile_states",
        subject="mobile",
        description="Usage limits that customers set on lines.",
        tables=("raw.limits",),
        examples=("limits.csv", "2019-06-01_limitfact.csv", "limitfact_2.csv"),
        not_ours=("speed_limits.csv", "limitsfact.csv", "limit.csv"),
        names=(LIMITS,),
    ),
)
