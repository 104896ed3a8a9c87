"""Data links: secrets in an address that read the answers of one question, for programs that send no headers.

Here: making one, finding it, and ending it. Not here: the routes that they open (api/question_routes.py).

A link acts for the account that made it, with the rights that the account has at that moment, on one question, and
reads alone. Only the SHA-256 of its secret is stored.
"""

import secrets

from django.db import transaction
from django.utils import timezone

from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.accounts.one_time_links import digest
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.questions.models import DataLink, Question

PREFIX = "vsfq_"
MOST = 20
"""Data links of a question."""


class TooManyLinksError(ValueError):
    """The question has as many links as it may have."""


@transaction.atomic
def create_link(question: Question, user: User, name: str) -> tuple[DataLink, str]:
    """Return a new link and its secret, which is shown once.

    Raises:
        TooManyLinksError: the question has MOST of them.
    """
    if question.links.count() >= MOST:
        raise TooManyLinksError(f"A question has at most {MOST} data links; end one that is not needed.")
    text = PREFIX + secrets.token_urlsafe(32)
    link = DataLink.objects.create(question=question, user=user, name=name, sha256=digest(text))
    record("data_link.created", user.id, link.id, question.team_id, question=str(question.id))
    return link, text


@transaction.atomic
def end_link(link: DataLink, actor: User) -> None:
    """End a link; it works no more from now on."""
    record("data_link.ended", actor.id, link.id, link.question.team_id, question=str(link.question_id))
    link.delete()


def find_link(text: str) -> DataLink | None:
    """Return the link of a secret, and note the day of its use; None if there is none."""
    if not text.startswith(PREFIX):
        return None
    link = DataLink.objects.select_related("user", "question").filter(sha256=digest(text)).first()
    if link is None or not link.user.is_active:
        return None
    today = timezone.now().date()
    if link.last_used_on != today:
        DataLink.objects.filter(pk=link.pk).update(last_used_on=today)
    return link
