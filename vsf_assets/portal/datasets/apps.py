"""The Django app of dictionaries: its label and name, and the rules that other apps ask.

Not here: the rules themselves (ownership.py).
"""

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """The app `datasets`."""

    name = "vsf_assets.portal.datasets"
    label = "datasets"
    verbose_name = "Dictionaries"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let names of datasets belong to the teams that first deliver under them, on every page."""
        from vsf_assets.portal.data.owned_rows import OwnedPartitions, add_owned_partitions
        from vsf_assets.portal.datasets.file_kinds import FEED
        from vsf_assets.portal.datasets.ownership import claim_for_delivery, foreign_names, hold_name
        from vsf_assets.portal.deliveries.partition_rules import PartitionRule, add_rule

        add_rule(FEED, PartitionRule(claim_for_delivery, hold_name))
        others = {"raw.dataset_changes": ("dataset", "new_name")}
        add_owned_partitions(OwnedPartitions(FEED, "dataset", foreign_names, others))
