"""Making, changing and deleting saved questions, each with its version and its entry of the audit.

Here: the changes. Not here: who may make them (question_rights.py), and checks of what was typed (question_forms.py).
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from vsf_assets.portal.accounts.models import Team, User
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.questions.models import Question, QuestionVersion

CONTENT = ("name", "description", "sql", "parameters", "shape")
"""Fields that people change."""

MOST_VERSIONS = 100
"""Versions of a question that are kept; the audit names all."""


class NameTakenError(ValueError):
    """The team has another question of this name."""


def create_question(user: User, team: Team, content: Mapping[str, Any]) -> Question:
    """Return a new question.

    Raises:
        NameTakenError: the team has one of this name.
    """
    question = Question(team=team, created_by=user)
    return _save(question, user, content, "question.created", {})


def change_question(question: Question, user: User, content: Mapping[str, Any]) -> Question:
    """Change a question, if anything is different.

    Raises:
        NameTakenError: the team has another one of this name.
    """
    changed = [name for name in CONTENT if getattr(question, name) != content[name]]
    if not changed:
        return question
    return _save(question, user, content, "question.changed", {"fields": changed})


def _save(
    question: Question, user: User, content: Mapping[str, Any], action: str, details: Mapping[str, Any]
) -> Question:
    for name in CONTENT:
        setattr(question, name, content[name])
    question.by_personal, question.changed_at = user.may_see_personal, timezone.now()
    try:
        with transaction.atomic():
            before = Question.objects.select_for_update().filter(pk=question.pk).values_list("version", flat=True)
            question.version = next(iter(before), 0) + 1  # somebody else may have changed it since it was read
            question.save()
            QuestionVersion.objects.create(
                question=question,
                number=question.version,
                changed_by=user,
                changed_at=question.changed_at,
                by_personal=question.by_personal,
                **{name: content[name] for name in CONTENT},
            )
            question.versions.filter(number__lte=question.version - MOST_VERSIONS).delete()
            record(action, user.id, question.id, question.team_id, version=question.version, **details)
    except IntegrityError:
        raise NameTakenError(f"The team has a question with the name “{content['name']}” already.") from None
    return question


@transaction.atomic
def delete_question(question: Question, user: User) -> None:
    """Delete a question with its versions and data links."""
    record("question.deleted", user.id, question.id, question.team_id, version=question.version)
    question.delete()
