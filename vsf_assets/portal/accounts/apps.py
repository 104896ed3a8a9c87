"""The Django app of accounts: its label and name, and the signals that the audit listens to.

Not here: what is recorded (login_audit.py).
"""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app `accounts`."""

    name = "vsf_assets.portal.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the audit to log-ins and changes of passwords and authenticators."""
        from vsf_assets.portal.accounts import login_audit

        login_audit.connect()
