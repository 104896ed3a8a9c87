"""The table of deliveries.

Here: fields, states and constraints. A delivery is written here when it begins and when it has landed; what became of
the file afterwards stands in the snapshot. Not here: beginning one (begin.py), and its landing (take_up.py).
"""

from django.db import models

from vsf_assets.common.ulids import ulid_of
from vsf_assets.portal.accounts.models import Team, User
from vsf_assets.portal.shared.random_ids import new_id

LONGEST_NAME = 200
LONGEST_PATH = 500


class Delivery(models.Model):
    """A file that an account delivers."""

    SENDING, LANDED, REFUSED, CANCELED, EXPIRED = "sending", "landed", "refused", "canceled", "expired"
    STATES = tuple((state, state) for state in (SENDING, LANDED, REFUSED, CANCELED, EXPIRED))
    """Bytes are awaited; the file has its name in the landing zone; it was refused at the end, and `reason` says why;
    its sender gave up; it did not arrive in time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="deliveries")
    account = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    feed = models.CharField(max_length=60)
    partition = models.CharField(max_length=LONGEST_NAME, blank=True)
    file_name = models.CharField(max_length=LONGEST_NAME, help_text="as the sender calls it")
    path = models.CharField(max_length=LONGEST_PATH, help_text="path in the landing zone")
    size = models.BigIntegerField(help_text="in bytes, as announced and as landed")
    announced_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="of what landed")
    state = models.CharField(max_length=10, choices=STATES, default=SENDING)
    reason = models.TextField(blank=True, help_text="why it was refused")
    mends = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="mended_by")
    group = models.UUIDField(null=True, help_text="equal for files that get their names together")
    announcement = models.UUIDField(null=True, help_text="the sender's own id of its request")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="until then bytes are accepted")
    landed_at = models.DateTimeField(null=True, help_text="modified time of the file in the landing zone")

    class Meta:
        """Options of Django."""

        ordering = ("-created_at", "-id")
        verbose_name_plural = "deliveries"
        constraints = (models.UniqueConstraint(fields=("account", "announcement"), name="one_upload_per_announcement"),)
        indexes = (
            models.Index(fields=("team", "-created_at"), name="deliveries_of_team"),
            models.Index(fields=("state", "created_at"), name="deliveries_by_state"),
            models.Index(fields=("feed", "partition"), name="deliveries_by_feed"),
            models.Index(fields=("group",), name="deliveries_by_group"),
        )

    def __str__(self) -> str:
        return f"{self.file_name} ({self.state})"

    @property
    def ulid(self) -> str:
        """Its id as addresses have it."""
        return ulid_of(self.id)
