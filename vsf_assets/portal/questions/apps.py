"""The Django app of questions: its label and name.

Not here: anything else.
"""

from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    """The app `questions`."""

    name = "vsf_assets.portal.questions"
    label = "questions"
    verbose_name = "Questions"
    default_auto_field = "django.db.models.BigAutoField"
