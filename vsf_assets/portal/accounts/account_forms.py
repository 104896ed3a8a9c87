"""Forms of django-allauth with our words, and a sign-up that answers alike whether an address has an account or not.

Here: what differs from the library's forms. Not here: the mail that the owner of an address gets (account_mail.py), and
forms of invitations (join_views.py).
"""

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm, SignupForm
from django.http import HttpRequest

PASSWORD_HELP = "at least 12 characters; three or four words are good"  # noqa: S105 - help for people


class _WithHelp:
    """A form whose first new password says in one sentence what is asked of it."""

    fields: dict[str, Any]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["password1"].help_text = PASSWORD_HELP
        for name, label in (("password1", "New password"), ("password2", "New password again")):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)


class NewPasswordForm(_WithHelp, ChangePasswordForm):
    """A new password beside the current one."""


class FirstPasswordForm(_WithHelp, SetPasswordForm):
    """The password of an account that has none."""


class ForgottenPasswordForm(_WithHelp, ResetPasswordKeyForm):
    """A new password by the link of a mail."""


class SignUpForm(_WithHelp, SignupForm):
    """The library's form, but for addresses that have an account.

    The library makes no account then, so signing in with the chosen name afterwards would tell. Here the account is
    made; its address stays unconfirmed, since its owner gets a mail without a link that would confirm it.
    """

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Make the account in either case."""
        self.account_already_exists = False
        found: tuple[Any, Any] = super().try_save(request)
        return found
