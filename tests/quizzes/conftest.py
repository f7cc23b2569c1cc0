from __future__ import annotations

from typing import Any

import pytest

from tests.quizzes.quizzing import full_quiz


@pytest.fixture
def quiz(course: Any) -> Any:
    """One hour, one attempt, one question of each of the seven types, one point each."""
    return full_quiz(course)
