from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExercisesConfig(AppConfig):
    name = "exercises"
    verbose_name = _("Exercises")

    def ready(self) -> None:
        from exercises.extensions import closings
        from exercises.progress import traces
        from gradebook import progress
        from gradebook.closings import register

        register(closings)
        progress.register(traces)
