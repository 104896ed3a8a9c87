"""The Django app of made-up files.

Here: its name, and what it adds to other apps. Not here: the tables (models.py).
"""

from django.apps import AppConfig


class MadeConfig(AppConfig):
    """Made-up files."""

    name = "vsf_assets.portal.made"
    label = "made"
    verbose_name = "Made-up files"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep rows about a team's schemas and requests from other teams, on every page."""
        from vsf_assets.feeds.by_family.synthetic import REQUEST_FEED, SCHEMAS
        from vsf_assets.portal.data.owned_rows import FILE_NAME, OwnedPartitions, add_owned_partitions
        from vsf_assets.portal.made.access import foreign_files, foreign_requests

        add_owned_partitions(OwnedPartitions(SCHEMAS, "", foreign_files, ledger_column=FILE_NAME))
        of_states = {"raw.fake_states": ("request",)}
        add_owned_partitions(OwnedPartitions(REQUEST_FEED, "request", foreign_requests, of_states))
