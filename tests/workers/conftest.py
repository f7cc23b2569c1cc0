from __future__ import annotations

from collections.abc import Iterator

import pytest

from workers.grader import Grader


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """One warm grader for all tests: that no grade changes the next is part of what they show."""
    with Grader() as warm:
        yield warm
