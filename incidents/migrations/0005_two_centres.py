"""Whose an incident or call is, whoever answers for it; the term of that; a unit that its own centre has not promised."""

from django.db import migrations, models

HOME = (
    "UPDATE incidents_call SET home = centre_id; UPDATE incidents_incident SET home = numbered_by",
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_owed_deliveries")]

    operations = [
        migrations.AddField(
            "call", "home", models.CharField(default="", max_length=64, help_text="centre whose call it is, whoever answers for it now"), preserve_default=False
        ),
        migrations.AddField("call", "term", models.IntegerField(default=1, help_text="raised by each hand-over between centres")),
        migrations.AddField(
            "call", "spilled_to", models.CharField(blank=True, default="", max_length=64, help_text="waits too long: rings at this centre too"), preserve_default=False
        ),
        migrations.AddField(
            "incident", "home", models.CharField(default="", max_length=64, help_text="centre whose incident it is, whoever answers for it now"), preserve_default=False
        ),
        migrations.AddField("incident", "term", models.IntegerField(default=1, help_text="raised by each hand-over between centres")),
        migrations.AddField(
            "assignment", "unconfirmed", models.BooleanField(default=False, help_text="the unit's own centre could not be asked")
        ),
        migrations.RunSQL(*HOME),
    ]
