"""The form of a question, part by part, instead of its JSON.

Nothing that the JSON form can say is lost: a question that is opened and saved unchanged stays the same content. What
is typed stays as it was typed (`Draft`) until it can be read (`read`), so that an error costs nobody a word.
"""

from quizzes.admin.editor.draft import Draft
from quizzes.admin.editor.reading import Result, read
from quizzes.admin.editor.shown import Shown, shown

__all__ = ["Draft", "Result", "Shown", "read", "shown"]
