"""The table of the audit, and the triggers that keep it append-only.

Written by Django from models.py; not here: later changes, which are migrations of their own.
"""

from django.db import migrations, models

import vsf_assets.portal.shared.random_ids
from vsf_assets.portal.audit.append_only import add_triggers, drop_triggers


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
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
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "actor",
                    models.UUIDField(
                        help_text="id of the account; empty for the command line and for visitors", null=True
                    ),
                ),
                ("action", models.CharField(help_text="what was done, like account.created", max_length=60)),
                ("target", models.UUIDField(help_text="id of the object that changed", null=True)),
                ("team", models.UUIDField(help_text="id of the team that the object belongs to", null=True)),
                (
                    "details",
                    models.JSONField(default=dict, help_text="the change, without secrets and without names of people"),
                ),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.RunPython(add_triggers, drop_triggers),
    ]
