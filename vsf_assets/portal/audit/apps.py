"""The Django app of the audit: its label and name.

Not here: anything else.
"""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The app `audit`."""

    name = "vsf_assets.portal.audit"
    label = "audit"
    verbose_name = "Audit"
    default_auto_field = "django.db.models.BigAutoField"
