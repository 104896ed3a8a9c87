"""The Django app of deliveries: its label and name.

Not here: anything else.
"""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """The app `deliveries`."""

    name = "vsf_assets.portal.deliveries"
    label = "deliveries"
    verbose_name = "Deliveries"
    default_auto_field = "django.db.models.BigAutoField"
