"""The table of the audit.

Here: one entry, and `record`, the only way to add one. Not here: the triggers that refuse changes (migrations/).
"""

import uuid
from typing import Any

from django.db import models

from vsf_assets.portal.shared.random_ids import new_id


class AuditEntry(models.Model):
    """One change of state. It names accounts and objects by their random ids, so it outlives them and tells nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.UUIDField(null=True, help_text="id of the account; empty for the command line and for visitors")
    action = models.CharField(max_length=60, help_text="what was done, like account.created")
    target = models.UUIDField(null=True, help_text="id of the object that changed")
    team = models.UUIDField(null=True, help_text="id of the team that the object belongs to")
    details = models.JSONField(default=dict, help_text="the change, without secrets and without names of people")

    class Meta:
        """Options of Django."""

        ordering = ("-at", "-id")
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"


def record(
    action: str,
    actor: uuid.UUID | None = None,
    target: uuid.UUID | None = None,
    team: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Add an entry, in the transaction of the change that it describes.

    Args:
        action: what was done, like `account.created`.
        actor: id of the account that did it; None for the command line and for visitors.
        target: id of the object that changed.
        team: id of the team that the object belongs to.
        details: the change; no secrets, no names of people.
    """
    AuditEntry.objects.create(action=action, actor=actor, target=target, team=team, details=details)
