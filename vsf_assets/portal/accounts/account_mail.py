"""Mails of accounts: addresses in them are the portal's, and a mail server that is away loses nothing.

Here: sending, what a person reads when a mail cannot be sent, and which mail an address with an account gets. Not here:
the texts (templates/account/email/), and the mail server's settings (config.py).
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as of_library
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.shared.error_pages import error_page

_log = logging.getLogger("vsf.portal.mail")

_LINKS = ("activate_url", "password_reset_url", "signup_url")
"""Parts of mails that are addresses of pages."""

_TITLE = "The mail could not be sent"
_WAITS = (
    "The mail server did not take it. Nothing is lost: sign in with your name and password in some minutes, and the"
    " mail with the link is sent then."
)
_AGAIN = "The mail server did not take it. Nothing was changed. Try again in some minutes."
_OF_SIGN_UP = ("account/email/email_confirmation", "account/email/account_already_exists")


class MailNotSentError(ImmediateHttpResponse):
    """The mail server is away or refused a mail; the answer says what to do."""


class MailAdapter(DefaultAccountAdapter):
    """How the library's mails are sent."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail with links to the portal's own address, whatever host name the request had.

        Raises:
            MailNotSentError: the mail server is away or refused it.
        """
        own = {name: _on_portal(context[name]) for name in _LINKS if name in context}
        try:
            super().send_mail(template_prefix, email, {**context, **own, "portal_url": settings.VSF_PORTAL.shown_url})
        except OSError as error:  # smtplib's errors too; their texts may hold addresses of people
            _log.warning("a mail was not sent by %s: %s", settings.EMAIL_HOST, type(error).__name__)
            request = of_library.request
            _forget_sending(email)
            text = _WAITS if template_prefix.startswith(_OF_SIGN_UP) else _AGAIN
            raise MailNotSentError(error_page(request, 503, _TITLE, text)) from error

    def send_notification_mail(self, *arguments: Any, **named: Any) -> None:
        """Tell an account what happened to it; what has happened stays, whether the mail is sent or not."""
        try:
            super().send_notification_mail(*arguments, **named)
        except MailNotSentError:
            _log.warning("the change of an account that the mail was about was made")

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send the link that confirms an address; its owner gets another mail if it has an account already."""
        address: EmailAddress = emailconfirmation.email_address
        if _has_account(address):
            self.send_account_already_exists_mail(address.email)
        else:
            super().send_confirmation_mail(request, emailconfirmation, signup)


def _has_account(address: EmailAddress) -> bool:
    """Whether an account has confirmed this address, or was given it by an administrator."""
    signed_up = EmailAddress.objects.filter(primary=True, verified=False).values("user")
    given = User.objects.filter(email__iexact=address.email).exclude(pk=address.user_id).exclude(pk__in=signed_up)
    confirmed = EmailAddress.objects.filter(email__iexact=address.email, verified=True).exclude(user=address.user_id)
    return given.exists() or confirmed.exists()


def _on_portal(address: str) -> str:
    return f"{settings.VSF_PORTAL.shown_url}{urlsplit(address).path}"


def _forget_sending(email: str) -> None:
    """Let the next try send the mail: the library sends one in some minutes to an address, and has counted this one."""
    from allauth.core.internal.ratelimit import get_cache_key, get_rates

    for rate in get_rates(app="allauth.account", action="confirm_email"):
        place = {"app": "allauth.account", "action": "confirm_email", "rate": rate, "key": email.lower()}
        cache.delete(get_cache_key(of_library.request, **place))
