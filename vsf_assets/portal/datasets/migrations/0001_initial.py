"""The tables of names of datasets and of their changes.

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
            name="DatasetName",
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
                ("name", models.CharField(max_length=100, unique=True)),
                ("since", models.DateTimeField(help_text="when the team began to deliver under it")),
                (
                    "is_renamed",
                    models.BooleanField(default=False, help_text="whether a dataset of the team was given this name"),
                ),
                (
                    "team",
                    models.ForeignKey(
                        help_text="empty for the platform's",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="dataset_names",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="DatasetChange",
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
                ("action", models.CharField(max_length=10)),
                ("dataset", models.CharField(max_length=100)),
                ("new_name", models.CharField(blank=True, max_length=100)),
                ("path", models.CharField(help_text="of the record in the landing zone", max_length=200)),
                ("landed_at", models.DateTimeField(auto_now_add=True)),
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
                    "team",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("-landed_at", "-id"),
                "indexes": [models.Index(fields=["dataset"], name="changes_by_dataset")],
            },
        ),
    ]
