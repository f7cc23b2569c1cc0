from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuizzesConfig(AppConfig):
    name = "quizzes"
    verbose_name = _("Quizzes")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gradebook import progress
        from gradebook.closings import register
        from quizzes import signals  # noqa: F401  (connects the receivers)
        from quizzes.closings import closings
        from quizzes.progress import traces

        register(closings)
        progress.register(traces)
