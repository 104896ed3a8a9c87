"""The page of API tokens: the own tokens, a new one, which is shown once, and ending one.

Here: the form and its views. Not here: what a token may do (rights.py).
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vsf_assets.portal.accounts.adapter import ask_password_again
from vsf_assets.portal.accounts.api_tokens import DAYS, create_token, end_token
from vsf_assets.portal.accounts.models import ApiToken, Team, User
from vsf_assets.portal.accounts.rights import TOKEN_SCOPES

_MEANINGS = {
    "read": "read tables, lists and reports",
    "export": "export whole files",
    "deliver": "deliver files",
    "personal": "see personal data, if you may",
}


class TokenForm(forms.Form):
    """Name, team, scopes and life of a new token."""

    name = forms.CharField(max_length=80, help_text="what uses it, like 'nightly report'")
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(), empty_label=None, help_text="its rights are yours there"
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {_MEANINGS[scope]}") for scope in TOKEN_SCOPES],
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
    )
    days = forms.IntegerField(min_value=1, max_value=DAYS, initial=90, label="Days until it ends")

    def __init__(self, *arguments: Any, user: User, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["team"].queryset = Team.objects.filter(memberships__user=user)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """Show the own tokens, or make a new one and show it once."""
    form = TokenForm(request.POST or None, user=request.user)
    text = ""
    if request.method == "POST" and form.is_valid():
        ask_password_again(request)
        given = form.cleaned_data
        _, text = create_token(request.user, given["team"], given["name"], given["scopes"], given["days"])
        form = TokenForm(user=request.user)
    own = ApiToken.objects.filter(user=request.user).select_related("team")
    return render(request, "accounts/tokens.html", {"form": form, "tokens": own, "new_token": text})


@require_POST
@login_required
def end(request: HttpRequest, token_id: str) -> HttpResponse:
    """End an own token."""
    token = ApiToken.objects.filter(pk=token_id, user=request.user).first()
    if token is None:
        raise Http404
    end_token(token, request.user)
    messages.success(request, f"The token {token.name} works no more.")
    return redirect("tokens")
