"""The form of open sign-up, which answers alike whether an address has an account already or not.

Here: that such a sign-up makes an account too, which nobody can confirm. Not here: the mail that the owner of the
address gets (account_mail.py), and forms of invitations (join_views.py).
"""

from typing import Any

from allauth.account.forms import SignupForm
from django.http import HttpRequest


class SignUpForm(SignupForm):
    """The library's form, but for addresses that have an account.

    The library makes no account then, so signing in with the chosen name afterwards would tell. Here the account is
    made; its address stays unconfirmed, since its owner gets a mail without a link that would confirm it.
    """

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Make the account in either case."""
        self.account_already_exists = False
        found: tuple[Any, Any] = super().try_save(request)
        return found
