"""Who asks in the table of rights, and the answers that many addresses share.

Here: callers, shared answers, and the class of a line. Not here: the lines (matrix.py).

Callers are: a visitor; a stranger, who has an account and no team but an own one; each role in the platform's team,
`admin` with a second factor and the password given a moment ago; `other`, an administrator of another team that may
read the feed `clicks` alone; `sender`, a steward of the team that delivered `{delivery}` and owns a dataset, which may
deliver and read no feed; and `granted`, an analyst of a team that may read the feed `datasets` and owns no dataset.
"""

from dataclasses import dataclass

ROLES = ("reader", "analyst", "steward", "marketer", "engineer", "admin")
CALLERS = ("visitor", "stranger", *ROLES, "other", "sender", "granted")

PAGE = dict.fromkeys(CALLERS, 200) | {"visitor": 302}
"""A page for everybody who signed in; visitors are led to the log-in."""

OPEN = dict.fromkeys(CALLERS, 200)
OWN = "own"
"""Addresses with tests of their own: pages of django-allauth about the own account, and the admin site."""

OUTSIDE = ("stranger", "other", "sender", "granted")
"""Who may read none of the feeds of events and campaigns, but for clicks."""

MARTS = PAGE | dict.fromkeys(OUTSIDE, 404)
OF_GRANTED = MARTS | {"other": 200, "granted": 200}
"""What the ledger's tables have: the rows of a team's feeds."""
EXPORT = MARTS | {"reader": 403, "steward": 403, "marketer": 403}
RAW_TABLE = MARTS | dict.fromkeys(("reader", "analyst", "steward", "marketer"), 404)
API = dict.fromkeys(CALLERS, 200) | {"visitor": 401}
API_MARTS = API | dict.fromkeys(OUTSIDE, 404)
API_SHARED = API | {"stranger": 404, "sender": 404}
API_CLICKS = API_SHARED | {"granted": 404}
DELIVER = (
    dict.fromkeys(CALLERS, 403) | {"visitor": 302} | dict.fromkeys(("steward", "engineer", "admin", "sender"), 200)
)
NOBODYS = dict.fromkeys(CALLERS, 404) | {"visitor": 302}
OF_DATASET = PAGE | {"stranger": 404, "other": 404, "sender": 404}
"""Of the platform's: also for those who were granted the feed."""
API_OF_DATASET = API | {"stranger": 404, "other": 404, "sender": 404}
OF_SENDER = PAGE | {"stranger": 404, "other": 404, "granted": 404}
"""Of a dataset of the sender's team: for this team and the platform alone."""
API_OF_SENDER = API | {"stranger": 404, "other": 404, "granted": 404}
CHANGE_OF_SENDER = OF_SENDER | dict.fromkeys(ROLES, 403) | {"sender": 400}
NOT_STEWARDS = ("reader", "analyst", "marketer")
NO_SQL = dict.fromkeys(CALLERS, 403) | {"visitor": 302}
"""None of the callers sees personal data; those who do stand in a table of their own (test_question_rights.py)."""
POST_TO_ALL = dict.fromkeys(CALLERS, 302)
NOBODY = "01890000000000000000000000"
"""An id that nothing has."""

OF_TEAM = dict.fromkeys(CALLERS, 404) | {"visitor": 302, "admin": 200}
POST_TO_TEAM = OF_TEAM | {"admin": 302}
NOTICE = PAGE | dict.fromkeys(OUTSIDE, 404)
"""A notice about a feed that the other teams may not read."""
POST_TO_NOTICE = dict.fromkeys(CALLERS, 302) | dict.fromkeys(OUTSIDE, 404)
RECEIPT = dict.fromkeys(CALLERS, 404) | {"visitor": 302} | dict.fromkeys(("engineer", "admin", "sender"), 200)
"""Of a delivery of the sender's team: engineers of the platform see it too."""

RECEIPT_ROWS = RECEIPT | {"engineer": 403, "admin": 403, "sender": 409}
"""The sender may have them; here the original is not kept."""
FILE_PAGE = PAGE | {"stranger": 404, "sender": 404, "granted": 404}
FILE_ROWS = dict.fromkeys(CALLERS, 403) | {"visitor": 302, "stranger": 404, "sender": 404, "granted": 404}
"""Rows as delivered, of a file that no team of the portal delivered: with the permission personal data alone."""

MADE = PAGE | dict.fromkeys(OUTSIDE, 404)
"""A page of a schema of the platform's team."""
CHANGE_MADE = MADE | dict.fromkeys(("reader", "analyst", "steward", "engineer"), 403)
"""What marketers and administrators may."""
THEIRS = dict.fromkeys(CALLERS, 404) | {"visitor": 302}
"""A schema of a team in which no caller is a member."""


def of_makers(status: int, to_visitors: int = 302) -> dict[str, int]:
    """Return the answers to a change of a schema of the platform's team that is malformed."""
    return CHANGE_MADE | {"marketer": status, "admin": status, "visitor": to_visitors}


@dataclass(frozen=True)
class Line:
    """One address: as the configuration has it, an example, the method, and caller -> status.

    `data` is the form of a POST, `json` its body instead.
    """

    route: str
    example: str
    answers: dict[str, int] | str
    method: str = "GET"
    data: tuple[tuple[str, str], ...] = ()
    json: str = ""


def refused(allowed: int, to_visitors: int = 302, to_others: int = 404, to_sender: int = 404) -> dict[str, int]:
    """Return the answers to a change that is malformed: who may make it is told so."""
    answers = dict.fromkeys(CALLERS, allowed) | dict.fromkeys(NOT_STEWARDS, 403)
    answers |= {"visitor": to_visitors, "stranger": to_others, "other": to_others}
    return answers | {"sender": to_sender, "granted": 403}
