"""The Django app of notices: its label and name.

Not here: anything else.
"""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The app `notices`."""

    name = "vsf_assets.portal.notices"
    label = "notices"
    verbose_name = "Notices"
    default_auto_field = "django.db.models.BigAutoField"
