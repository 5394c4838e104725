"""A promise of a unit ends when the very assignment that was announced stands."""

from uuid import UUID

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("federation", "0001_initial")]

    operations = [
        migrations.AddField(
            "claim",
            "assignment",
            models.UUIDField(
                default=UUID(int=0),
                help_text="the one the alarm will give it: once that stands, the promise is kept",
            ),
            preserve_default=False,
        ),
    ]
