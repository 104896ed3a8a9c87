"""The tables of questions: saved ones with their versions, data links, and the queries that accounts ran.

Here: fields and constraints. Not here: changing them together with an entry of the audit (changes.py, data_links.py).
"""

from dataclasses import replace

from django.conf import settings
from django.db import models

from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.shared.random_ids import new_id

TABLE, NUMBER, LINE, BAR = "table", "number", "line", "bar"
SHAPES = (
    (TABLE, "table"),
    (NUMBER, "number: the first value, large"),
    (LINE, "line: the first column of numbers over the first column"),
    (BAR, "bars: the first column of numbers per value of the first column"),
)
"""How a result is shown; the table stands below every other shape."""

LONGEST_NAME, LONGEST_ABOUT = 120, 2000


class QuestionContent(models.Model):
    """What a question asks and how its answer is shown."""

    name = models.CharField(max_length=LONGEST_NAME)
    description = models.CharField(max_length=LONGEST_ABOUT, blank=True)
    sql = models.TextField()
    parameters = models.JSONField(default=list)
    """Declarations in their order; see parameters.py."""
    shape = models.CharField(max_length=6, choices=SHAPES, default=TABLE)
    by_personal = models.BooleanField(default=False)
    """Whether who wrote it sees personal data, so that the SQL and the values in it may be personal."""

    class Meta:
        """Options of Django."""

        abstract = True

    def __str__(self) -> str:
        return str(self.name)


class Question(QuestionContent):
    """A query under a name, which belongs to a team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="questions")
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()

    class Meta:
        """Options of Django."""

        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("team", "name"), name="one_question_per_name"),)


class QuestionVersion(QuestionContent):
    """What a question was from one change to the next; the current version has one too."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        """Options of Django."""

        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("question", "number"), name="one_version_per_number"),)


class DataLink(models.Model):
    """A secret that reads the answers of one question with the rights of its account; only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_on = models.DateField(null=True, editable=False)

    class Meta:
        """Options of Django."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.name)

    @property
    def account_rights(self) -> AccountRights:
        """What its account may do now.

        Of a question that was last saved by somebody who sees no personal data, the answer has none either: who has the
        link and may change the query would else read with it whatever the account of the link sees.
        """
        found: AccountRights = self.user.account_rights
        return found if self.question.by_personal else replace(found, may_see_personal=False)


class RanQuery(models.Model):
    """A query that an account ran on the SQL page; nobody else sees it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sql = models.TextField()
    snapshot = models.PositiveBigIntegerField()
    ran_at = models.DateTimeField()
    seconds = models.FloatField()
    rows = models.PositiveIntegerField(null=True)
    is_cut = models.BooleanField(default=False)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        """Options of Django."""

        ordering = ("-id",)
        indexes = (models.Index(fields=("user", "-id"), name="ran_queries_of_account"),)

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M:%S}"
