"""The page that a one-time link opens: choose a name and a password, or a new password.

Here: the form and its view. Looking at the page changes nothing; sending the form uses the link. Not here: making
links (one_time_links.py).
"""

from typing import Any

from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from vsf_assets.portal.accounts.account_changes import checked_name
from vsf_assets.portal.accounts.account_forms import PASSWORD_HELP
from vsf_assets.portal.accounts.models import OneTimeLink, User
from vsf_assets.portal.accounts.one_time_links import UsedLinkError, find_link, use_link
from vsf_assets.portal.shared.error_pages import error_page

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class JoinForm(forms.Form):
    """A name, for a new account, and a password typed twice."""

    username = forms.CharField(
        label="Name",
        max_length=40,
        help_text="2 to 40 letters, digits, dots or dashes; it is your log-in name",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=200,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="Password again", max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *arguments: Any, link: OneTimeLink, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._link = link
        if link.user is not None:
            del self.fields["username"]

    def clean_username(self) -> str:
        """Return the name in its one form."""
        return checked_name(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        """Check the password against its rules and the second one."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        password = found.get("password", "")
        if password and password != found.get("again"):
            self.add_error("again", "The two passwords differ.")
        if password:
            user = self._link.user or User(username=found.get("username", ""))
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.add_error("password", error)
        return found


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the form of a link, or use the link."""
    link = find_link(secret)
    if link is None:
        return _gone(request)
    form = JoinForm(request.POST or None, link=link)
    if request.method == "POST" and form.is_valid():
        try:
            user = use_link(link, form.cleaned_data["password"], form.cleaned_data.get("username", ""))
        except UsedLinkError:
            return _gone(request)
        except ValidationError as error:
            form.add_error("username", error)
        else:
            if link.user is not None:
                return redirect("account_login")
            login(request, user, backend=_BACKEND)
            UserSession.objects.create_from_request(request)  # so that the page of sessions lists it
            return redirect("home")
    return render(request, "accounts/join.html", {"form": form, "link": link})


def _gone(request: HttpRequest) -> HttpResponse:
    return error_page(
        request,
        404,
        "This link does not work",
        "It was used, has run out, or was not copied whole. Ask for a new one.",
    )
