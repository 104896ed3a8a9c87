"""What django-allauth asks of us: who may sign up, and the limits of failed log-ins.

Here: its hooks, where a log-in leads, and asking for the password again. Not here: the limits themselves
(login_limits.py), mails (account_mail.py), and allauth's settings (config.py).
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from vsf_assets.config.portal_settings import OPEN
from vsf_assets.portal.accounts.account_changes import checked_name, give_own_team
from vsf_assets.portal.accounts.account_mail import MailAdapter
from vsf_assets.portal.accounts.known_browsers import known_browser
from vsf_assets.portal.accounts.login_limits import LIMIT, WINDOW, give_back, reserve
from vsf_assets.portal.audit.models import record

TOO_MANY = (
    f"{LIMIT} log-ins failed within {WINDOW.seconds // 60} minutes; wait {WINDOW.seconds // 60} minutes and try again"
)


class SignUpVerificationStage(EmailVerificationStage):
    """The step of a log-in that waits for a verified address: for accounts that signed up themselves alone.

    Sign-up makes an unverified primary address. Accounts made by a link, a command or the admin site have none, and
    an address that somebody adds later is not the primary one before it is verified.
    """

    def handle(self) -> tuple[Any, bool]:
        """Go on, unless the address of the sign-up waits for its verification."""
        if not EmailAddress.objects.filter(user=self.login.user, primary=True, verified=False).exists():
            return None, True
        answer: tuple[Any, bool] = super().handle()
        return answer


class AccountAdapter(MailAdapter):
    """Sign-up by setting, and log-ins that are counted before the password is hashed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Whether anybody may sign up; invitations have a page of their own."""
        return bool(settings.VSF_PORTAL.signup == OPEN)

    def get_login_stages(self) -> list[str]:
        """Return the steps of a log-in, with our own in place of allauth's for addresses."""
        theirs = "allauth.account.stages.EmailVerificationStage"
        ours = f"{__name__}.{SignUpVerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return the name of a new account in the one form that all ways of creating one have."""
        return str(super().clean_username(checked_name(username), shallow=shallow))

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Give a new account a team of its own."""
        with transaction.atomic():
            saved = super().save_user(request, user, form, commit)
            if commit:
                record("account.created", saved.id, saved.id)
                give_own_team(saved)
        return saved

    def post_login(self, request: HttpRequest, user: Any, **named: Any) -> HttpResponse:
        """Lead an account whose password was printed by a command to the page where it chooses its own.

        The pages stay readable meanwhile: scripts sign in with a printed password and fetch them.
        """
        response: HttpResponse = super().post_login(request, user, **named)
        if user.must_change_password:
            place = reverse("account_change_password")
            return redirect(f"{place}?{urlencode({'next': response.headers['Location']})}")
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Return where a changed password leads, unless the person was on the way to another page."""
        return reverse("profile")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Reserve a try; refuse the log-in if there is none left, whether the name exists or not."""
        if not reserve(*_who_tries(request, credentials)):
            raise ValidationError(TOO_MANY)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return the account of a name and a password; a success gives its try back."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            give_back(*_who_tries(request, credentials))
        return user


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Sessions that somebody ends on the page of sessions."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """End sessions, and record it."""
        sessions = list(sessions)
        super().end_sessions(sessions)
        for session in sessions:
            record("session.ended_by_list", session.user_id, session.user_id)


@reauthentication_required
def ask_password_again(request: HttpRequest) -> None:
    """Interrupt a request for the password or the second factor, unless one was repeated some minutes ago."""


def _who_tries(request: HttpRequest, credentials: dict[str, Any]) -> tuple[str, str, str]:
    """Return the name, the address, and the browser if the account signed in there before."""
    name = str(credentials.get("username") or credentials.get("email") or "")
    return name, str(request.META.get("REMOTE_ADDR", "")), known_browser(request, name)
