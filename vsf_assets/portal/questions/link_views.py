"""The data links of a question: making one, which is shown once, and ending one.

Here: the views. Not here: what a link opens (api/question_routes.py).
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from vsf_assets.portal.accounts.adapter import ask_password_again
from vsf_assets.portal.questions.data_links import TooManyLinksError, create_link, end_link
from vsf_assets.portal.questions.models import Question
from vsf_assets.portal.questions.question_rights import may_change, seen_question
from vsf_assets.portal.questions.question_views import question_page
from vsf_assets.portal.shared.error_pages import explained


@never_cache
@require_POST
@login_required
@explained
def new_link(request: HttpRequest, question_id: str) -> HttpResponse:
    """Make a data link, and show it once."""
    found = _changeable(request, question_id)
    ask_password_again(request)
    name = request.POST.get("name", "").strip()[:80] or "data link"
    try:
        _, text = create_link(found, request.user, name)
    except TooManyLinksError as error:
        messages.error(request, str(error))
        return redirect("question", found.id)
    return question_page(request, found, new_link=text)


@require_POST
@login_required
@explained
def end(request: HttpRequest, question_id: str, link_id: str) -> HttpResponse:
    """End a data link of a question."""
    found = _changeable(request, question_id)
    link = found.links.filter(pk=link_id).first()
    if link is None:
        raise Http404
    end_link(link, request.user)
    messages.success(request, f"The data link {link.name} works no more.")
    return redirect("question", found.id)


def _changeable(request: HttpRequest, question_id: str) -> Question:
    found = seen_question(request.user.account_rights, question_id)
    if not may_change(request.user.account_rights, found):
        raise PermissionDenied
    return found
