"""The tables of made-up files: schemas, their revisions, and requests for files.

Here: fields and constraints. A schema has a draft, which only the portal knows, and revisions, each a file that landed.
What became of a request stands in the snapshot. Not here: who may see what (access.py), landing (saving.py,
requests.py).
"""

from django.db import models

from vsf_assets.common.ulids import ulid_of
from vsf_assets.portal.accounts.models import Team, User
from vsf_assets.portal.shared.random_ids import new_id

LONGEST_NAME = 80
"""Characters of a schema's name, as synthetic/model/option_parsers.py allows."""


def path_of_deletion(landed_name: str) -> str:
    """Return the path in the landing zone of the record that deletes a revision."""
    return f"fake_schemas/{landed_name}-deleted.schema.yaml"


class MadeSchema(models.Model):
    """A schema of a team.

    Attributes:
        draft: what the editor shows, in the form of a schema file; it may be invalid.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, related_name="made_schemas", help_text="empty once it was deleted"
    )
    name = models.CharField(
        max_length=LONGEST_NAME, help_text="of the latest revision, or the draft's if there is none"
    )
    draft = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(help_text="when the draft last changed, or a revision was saved")
    deleted_at = models.DateTimeField(null=True, help_text="its names in the landing zone stay its team's")

    class Meta:
        """Options of Django."""

        ordering = ("-modified_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "name"), condition=models.Q(deleted_at=None), name="one_schema_per_name_and_team"
            ),
        )

    def __str__(self) -> str:
        return str(self.name)

    @property
    def ulid(self) -> str:
        """Its id as addresses have it."""
        return ulid_of(self.id)

    @property
    def revision(self) -> "SchemaRevision | None":
        """The latest revision; None while there is only a draft."""
        return self.revisions.order_by("-number").first()

    @property
    def has_changes(self) -> bool:
        """Whether the draft is not what was saved last."""
        latest = self.revision
        return latest is None or latest.content != self.draft


class SchemaRevision(models.Model):
    """A schema as it was saved; for the platform each revision is a schema of its own, so none ever changes.

    Attributes:
        content: the schema as its author wrote it.
        landed: the schema as it landed: under `landed_name`, with the day on which ranges of days end, and with foreign
            keys to revisions of other schemas.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    schema = models.ForeignKey(MadeSchema, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    landed = models.JSONField()
    landed_name = models.CharField(max_length=LONGEST_NAME, unique=True)
    path = models.CharField(max_length=200, help_text="of the file in the landing zone")
    account = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    landed_at = models.DateTimeField(null=True)

    class Meta:
        """Options of Django."""

        ordering = ("schema", "-number")
        constraints = (models.UniqueConstraint(fields=("schema", "number"), name="one_revision_per_number"),)

    def __str__(self) -> str:
        return f"{self.landed_name}"


class RequestedFile(models.Model):
    """A request for a file of a revision, which landed; the platform makes the file."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    revision = models.ForeignKey(SchemaRevision, on_delete=models.CASCADE, related_name="requests")
    number = models.PositiveIntegerField(help_text="of the schema's files, from 1")
    name = models.CharField(max_length=LONGEST_NAME, unique=True, help_text="of the request in the landing zone")
    rows = models.BigIntegerField()
    seed = models.BigIntegerField()
    format = models.CharField(max_length=10)
    account = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    landed_at = models.DateTimeField(null=True)

    class Meta:
        """Options of Django."""

        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return str(self.name)

    @property
    def ulid(self) -> str:
        """Its id as addresses have it."""
        return ulid_of(self.id)

    @property
    def path(self) -> str:
        """Path of the request in the landing zone."""
        return f"fake_requests/{self.name}.request.yaml"

    @property
    def target(self) -> str:
        """Path of the file below the folder of made-up files."""
        return f"{self.revision.landed_name}/{self.name}.{self.format}"

    @property
    def file_name(self) -> str:
        """Name of the file for people."""
        return f"{self.revision.content['name']}_{self.rows}_seed{self.seed}.{self.format}"
