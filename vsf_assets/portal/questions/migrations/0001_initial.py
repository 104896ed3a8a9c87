"""The tables of questions.

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
            name="Question",
            fields=[
                ("name", models.CharField(max_length=120)),
                ("description", models.CharField(blank=True, max_length=2000)),
                ("sql", models.TextField()),
                ("parameters", models.JSONField(default=list)),
                (
                    "shape",
                    models.CharField(
                        choices=[
                            ("table", "table"),
                            ("number", "number: the first value, large"),
                            ("line", "line: the first column of numbers over the first column"),
                            ("bar", "bars: the first column of numbers per value of the first column"),
                        ],
                        default="table",
                        max_length=6,
                    ),
                ),
                ("by_personal", models.BooleanField(default=False)),
                (
                    "id",
                    models.UUIDField(
                        default=vsf_assets.portal.shared.random_ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "created_by",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="DataLink",
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
                ("name", models.CharField(max_length=80)),
                ("sha256", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_on", models.DateField(editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="questions.question"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="QuestionVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("description", models.CharField(blank=True, max_length=2000)),
                ("sql", models.TextField()),
                ("parameters", models.JSONField(default=list)),
                (
                    "shape",
                    models.CharField(
                        choices=[
                            ("table", "table"),
                            ("number", "number: the first value, large"),
                            ("line", "line: the first column of numbers over the first column"),
                            ("bar", "bars: the first column of numbers per value of the first column"),
                        ],
                        default="table",
                        max_length=6,
                    ),
                ),
                ("by_personal", models.BooleanField(default=False)),
                ("number", models.PositiveIntegerField()),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="questions.question"
                    ),
                ),
            ],
            options={
                "ordering": ("-number",),
            },
        ),
        migrations.CreateModel(
            name="RanQuery",
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
                ("sql", models.TextField()),
                ("snapshot", models.PositiveBigIntegerField()),
                ("ran_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                ("rows", models.PositiveIntegerField(null=True)),
                ("is_cut", models.BooleanField(default=False)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(fields=("team", "name"), name="one_question_per_name"),
        ),
        migrations.AddConstraint(
            model_name="questionversion",
            constraint=models.UniqueConstraint(fields=("question", "number"), name="one_version_per_number"),
        ),
        migrations.AddIndex(
            model_name="ranquery",
            index=models.Index(fields=["user", "-id"], name="ran_queries_of_account"),
        ),
    ]
