"""Who may see, write and change which question.

Here: the queries that every page and route of questions begins with. Not here: which file a query asks
(data/queried_snapshot.py), and what a role may do (accounts/rights.py).

A question belongs to a team. Its members who may read there see it, if they may see answers of SQL at all; those who
may export there and ask SQL change it. What is foreign, and what may not be seen, look like what never was.
"""

import uuid

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404

from vsf_assets.config.portal_settings import SQL_NO
from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.accounts.rights import EXPORT, READ, AccountRights
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.queried_snapshot import why_not
from vsf_assets.portal.questions.models import Question

OFF = "SQL is switched off here (VSF_PORTAL_SQL=no)"


def why_no_sql(rights: AccountRights) -> str:
    """Return why somebody may ask no SQL; empty if SQL may be asked."""
    return OFF if settings.VSF_PORTAL.sql == SQL_NO else why_not(Access(rights))


def why_no_answers(rights: AccountRights) -> str:
    """Return why somebody may see no answers of questions; empty if they may be seen."""
    return OFF if settings.VSF_PORTAL.sql == SQL_NO else why_not(Access(rights), needs_export=False)


def may_export(rights: AccountRights) -> bool:
    """Whether answers may leave as files: as tables of the platform may."""
    return Access(rights).for_export().reads_all_feeds


def shows_sql(rights: AccountRights, question: Question) -> bool:
    """Whether the SQL of a question is shown: somebody who sees personal data may have written a value into it."""
    return rights.may_see_personal or not question.by_personal


def _teams(rights: AccountRights, right: str) -> list[uuid.UUID]:
    return [found.team for found in rights.teams if right in found.rights]


def seen_questions(rights: AccountRights) -> "QuerySet[Question]":
    """Return the questions that may be seen."""
    if why_no_answers(rights):
        return Question.objects.none()
    return Question.objects.filter(team__in=_teams(rights, READ)).select_related("team")


def seen_question(rights: AccountRights, question_id: uuid.UUID | str) -> Question:
    """Return a question that may be seen.

    Raises:
        Http404: it is not there, or may not be seen.
    """
    try:
        wanted = uuid.UUID(str(question_id))
    except ValueError:
        raise Http404 from None
    found = seen_questions(rights).filter(pk=wanted).first()
    if found is None:
        raise Http404
    return found


def may_change(rights: AccountRights, question: Question) -> bool:
    """Whether a question that may be seen may be changed."""
    return not why_no_sql(rights) and rights.may(EXPORT, question.team_id)


def teams_of_writer(rights: AccountRights) -> "QuerySet[Team]":
    """Return the teams for which questions may be written."""
    if why_no_sql(rights):
        return Team.objects.none()
    return Team.objects.filter(pk__in=_teams(rights, EXPORT))
