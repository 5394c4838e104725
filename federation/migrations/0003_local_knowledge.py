"""What whoever stands in for a county must know of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("federation", "0002_claim_assignment"), ("resources", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="LocalKnowledge",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="Kennung")),
                ("name", models.CharField(max_length=120, verbose_name="Name")),
                (
                    "example",
                    models.BooleanField(
                        default=False, help_text="erfunden, nicht aus amtlicher Quelle", verbose_name="Beispiel"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in Gebrauch")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("radio", "Funkgruppe"),
                            ("phone", "Telefon"),
                            ("name", "Ortsübliche Bezeichnung"),
                            ("hint", "Besonderheit"),
                        ],
                        max_length=8,
                        verbose_name="Art",
                    ),
                ),
                ("value", models.CharField(blank=True, max_length=200, verbose_name="Angabe")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="Bemerkung")),
                (
                    "county",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="knowledge",
                        to="resources.county",
                        verbose_name="Landkreis",
                    ),
                ),
            ],
            options={"verbose_name": "Ortskenntnis", "verbose_name_plural": "Ortskenntnisse", "abstract": False},
        ),
    ]
