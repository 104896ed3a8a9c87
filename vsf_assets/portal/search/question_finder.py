"""Finds saved questions for the search box.

Here: the finder, which registers itself when it is imported. Not here: the page of what was found (search/).
"""

from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from vsf_assets.portal.questions.question_rights import seen_questions
from vsf_assets.portal.search.finders import MOST, Found, Group, register_finder


def find_questions(request: HttpRequest, text: str) -> Group:
    """Find questions by a part of their name or description."""
    fits = Q(name__icontains=text) | Q(description__icontains=text)
    found = list(seen_questions(request.user.account_rights).filter(fits)[: MOST + 1])
    shown = [
        Found(question.name, reverse("question", args=[question.id]), question.description or f"of {question.team}")
        for question in found[:MOST]
    ]
    more = f"{reverse('questions')}?{urlencode({'_search': text})}" if len(found) > MOST else ""
    return Group(shown, more)


register_finder("Questions", find_questions)
