"""The tables of dictionaries: which team a dataset's name belongs to, and renames and deletions that were asked for.

Here: fields and constraints. What a dataset holds stands in the snapshot. Not here: who may do what (ownership.py), and
landing a change (change_requests.py).
"""

from django.db import models

from vsf_assets.portal.accounts.models import Team, User
from vsf_assets.portal.shared.random_ids import new_id

LONGEST_NAME = 100


class DatasetName(models.Model):
    """A name of a dataset; it belongs to the team that first delivered under it, also after a rename or deletion."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, related_name="dataset_names", help_text="empty for the platform's"
    )
    since = models.DateTimeField(help_text="when the team began to deliver under it")
    is_renamed = models.BooleanField(default=False, help_text="whether a dataset of the team was given this name")

    class Meta:
        """Options of Django."""

        ordering = ("name",)

    def __str__(self) -> str:
        return str(self.name)


class DatasetChange(models.Model):
    """A rename or deletion that was landed; it takes effect with the next run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action = models.CharField(max_length=10)
    dataset = models.CharField(max_length=LONGEST_NAME)
    new_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    path = models.CharField(max_length=200, help_text="of the record in the landing zone")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    account = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    landed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Options of Django."""

        ordering = ("-landed_at", "-id")
        indexes = (models.Index(fields=("dataset",), name="changes_by_dataset"),)

    def __str__(self) -> str:
        return f"{self.action} {self.dataset}"
