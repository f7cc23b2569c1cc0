import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exercises", "0004_comments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="exercise",
            name="archived",
            field=models.BooleanField(default=False, editable=False, verbose_name="archived"),
        ),
        migrations.CreateModel(
            name="ExerciseCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("outcome", models.CharField(blank=True, max_length=12)),
                ("result", models.JSONField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "exercise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="checks", to="exercises.exercise"
                    ),
                ),
            ],
            options={
                "verbose_name": "check",
                "verbose_name_plural": "checks",
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.AlterField(
            model_name="run",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="exercises.exerciseversion",
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("list", "list the tests"),
                    ("public", "public tests"),
                    ("submit", "submission"),
                    ("regrade", "regrade"),
                    ("check", "check"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="gate",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="run",
                to="exercises.exercisecheck",
            ),
        ),
    ]
