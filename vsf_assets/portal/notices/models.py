"""The tables of notices: events, who received them, choices, webhooks, the outbox, and the watcher's lease.

Here: fields and constraints. An event holds names of feeds, days, numbers and names of checks, and neither values nor
names of files that somebody delivered. Not here: changing rows.
"""

from django.conf import settings
from django.db import models

from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.shared.random_ids import new_id


class NoticeEvent(models.Model):
    """Something that happened once; its key is the same for every watcher and after every restart."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=12)
    feed = models.CharField(max_length=60, blank=True)
    partition = models.CharField(max_length=20, blank=True)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    """Content of the file that it is about, for the link to its row; it leaves the portal in no message."""
    delivery = models.UUIDField(null=True)
    """Id of the delivery by the portal that it is about; empty where the file landed by another way."""
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    """Who delivered the file by the portal; the team knows of it whatever it may read."""
    snapshot = models.PositiveBigIntegerField(null=True)
    details = models.JSONField(default=dict)
    happened_at = models.DateTimeField()
    found_at = models.DateTimeField(db_index=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        """Options of Django."""

        ordering = ("-id",)
        indexes = (models.Index(fields=("kind", "resolved_at"), name="notice_kind"),)

    def __str__(self) -> str:
        return str(self.key)


class TeamNotice(models.Model):
    """A team has an event on its page."""

    event = models.ForeignKey(NoticeEvent, on_delete=models.CASCADE, related_name="team_notices")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")

    class Meta:
        """Options of Django."""

        constraints = (models.UniqueConstraint(fields=("event", "team"), name="one_notice_per_team"),)

    def __str__(self) -> str:
        return f"{self.event} for {self.team}"


class NoticeChoice(models.Model):
    """By which ways a team receives a kind; without a row as `choices.DEFAULT` says."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)
    on_page = models.BooleanField()
    by_mail = models.BooleanField()
    by_webhook = models.BooleanField()

    class Meta:
        """Options of Django."""

        constraints = (models.UniqueConstraint(fields=("team", "kind"), name="one_choice_per_kind"),)

    def __str__(self) -> str:
        return f"{self.team}: {self.kind}"


class TeamWebhook(models.Model):
    """Where a team's messages go; the secret is made of the nonce and a key that stands in no database."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="+", primary_key=True)
    url = models.CharField(max_length=500)
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"webhook of {self.team}"


class NoticeReader(models.Model):
    """Until when somebody has read everything."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True)
    read_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} until {self.read_until:%Y-%m-%d %H:%M}"


class ReadNotice(models.Model):
    """Somebody has read one notice that was found after that time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    event = models.ForeignKey(NoticeEvent, on_delete=models.CASCADE, related_name="reads")

    class Meta:
        """Options of Django."""

        constraints = (models.UniqueConstraint(fields=("user", "event"), name="one_read_mark"),)

    def __str__(self) -> str:
        return f"{self.user} read {self.event}"


class OutboxMessage(models.Model):
    """A mail to one account or a call of one team's webhook; its id is the same at every try."""

    WAITING, SENDING, SENT, GAVE_UP, DROPPED = "waiting", "sending", "sent", "gave_up", "dropped"
    MAIL, WEBHOOK = "mail", "webhook"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    way = models.CharField(max_length=8)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    is_test = models.BooleanField(default=False)
    state = models.CharField(max_length=8, default=WAITING)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        """Options of Django."""

        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "next_try_at"), name="outbox_next"),)

    def __str__(self) -> str:
        return f"{self.way} {self.id}: {self.state}"


class OutboxItem(models.Model):
    """An event in a message. A recipient receives an event once, and once that it is over."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="items")
    event = models.ForeignKey(NoticeEvent, on_delete=models.CASCADE, related_name="+")
    recipient = models.CharField(max_length=50)
    says_resolved = models.BooleanField(default=False)

    class Meta:
        """Options of Django."""

        constraints = (
            models.UniqueConstraint(fields=("event", "recipient", "says_resolved"), name="one_item_per_recipient"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.recipient}"


class WatchLease(models.Model):
    """Which watcher of all portals that share the database scans a part, and since when events are news."""

    SNAPSHOTS, RUNS = 1, 2
    """The parts. Only a host that has the record of runs can scan it."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    news_since = models.DateTimeField()
    holder = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)
    scanned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"watcher {self.holder}"
