"""The table of deliveries.

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
            name="Delivery",
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
                ("feed", models.CharField(max_length=60)),
                ("partition", models.CharField(blank=True, max_length=200)),
                ("file_name", models.CharField(help_text="as the sender calls it", max_length=200)),
                ("path", models.CharField(help_text="path in the landing zone", max_length=500)),
                ("size", models.BigIntegerField(help_text="in bytes, as announced and as landed")),
                ("announced_sha256", models.CharField(blank=True, max_length=64)),
                ("sha256", models.CharField(blank=True, help_text="of what landed", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sending", "sending"),
                            ("landed", "landed"),
                            ("refused", "refused"),
                            ("canceled", "canceled"),
                            ("expired", "expired"),
                        ],
                        default="sending",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True, help_text="why it was refused")),
                ("group", models.UUIDField(help_text="equal for files that get their names together", null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(help_text="until then bytes are accepted")),
                (
                    "landed_at",
                    models.DateTimeField(help_text="modified time of the file in the landing zone", null=True),
                ),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "mends",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="mended_by",
                        to="deliveries.delivery",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="accounts.team"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["team", "-created_at"], name="deliveries_of_team"),
                    models.Index(fields=["state", "created_at"], name="deliveries_by_state"),
                    models.Index(fields=["feed", "partition"], name="deliveries_by_feed"),
                    models.Index(fields=["group"], name="deliveries_by_group"),
                ],
            },
        ),
    ]
