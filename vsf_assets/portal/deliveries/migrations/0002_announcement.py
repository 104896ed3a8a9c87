"""The sender's own id of an announcement, so that one that is sent twice begins one upload.

Not here: the table itself (0001_initial.py).
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deliveries", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="announcement",
            field=models.UUIDField(help_text="the sender's own id of its request", null=True),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("account", "announcement"), name="one_upload_per_announcement"),
        ),
    ]
