"""The tables of schemas of made-up files, of their revisions, and of requests for files.

Written by Django from models.py; not here: later changes, which are migrations of their own.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import vsf_assets.portal.shared.random_ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MadeSchema",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vsf_assets.portal.shared.random_ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="of the latest revision, or the draft's if there is none", max_length=80
                    ),
                ),
                ("draft", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("modified_at", models.DateTimeField(help_text="when the draft last changed, or a revision was saved")),
                (
                    "deleted_at",
                    models.DateTimeField(help_text="its names in the landing zone stay its team's", null=True),
                ),
                (
                    "team",
                    models.ForeignKey(
                        help_text="empty once it was deleted",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="made_schemas",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "ordering": ("-modified_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="SchemaRevision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vsf_assets.portal.shared.random_ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("landed", models.JSONField()),
                ("landed_name", models.CharField(max_length=80, unique=True)),
                ("path", models.CharField(help_text="of the file in the landing zone", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("landed_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "schema",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revisions", to="made.madeschema"
                    ),
                ),
            ],
            options={
                "ordering": ("schema", "-number"),
            },
        ),
        migrations.CreateModel(
            name="RequestedFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vsf_assets.portal.shared.random_ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="of the schema's files, from 1")),
                ("name", models.CharField(help_text="of the request in the landing zone", max_length=80, unique=True)),
                ("rows", models.BigIntegerField()),
                ("seed", models.BigIntegerField()),
                ("format", models.CharField(max_length=10)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("landed_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="requests", to="made.schemarevision"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.AddConstraint(
            model_name="madeschema",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)), fields=("team", "name"), name="one_schema_per_name_and_team"
            ),
        ),
        migrations.AddConstraint(
            model_name="schemarevision",
            constraint=models.UniqueConstraint(fields=("schema", "number"), name="one_revision_per_number"),
        ),
    ]
