"""Two tabs, or two authors, on one exercise: nobody's text is overwritten unseen, and nobody's text is lost."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Enrolment
from exercises import actions
from exercises.admin.conflict import conflict_of, token_of
from exercises.models import Exercise
from tests.exercises.test_admin_exercise import files, form_of, page
from workers.jobs import ExerciseFiles

MINE = "# mine\r\n"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def colleague(course: Any) -> Client:
    user = User.objects.create_user("dana@example.org", given_name="Dana", family_name="Roy", is_staff=True)
    Enrolment.objects.create(course=course, user=user, role="assistant")
    client = Client()
    client.force_login(user)
    return client


def text_of(content: str, field: str) -> str:
    """What the page's editor of `field` holds."""
    found = re.search(rf'<textarea name="{field}"[^>]*>\n(.*?)</textarea>', content, re.DOTALL)
    assert found is not None, field
    return html.unescape(found[1]).replace("\r\n", "\n")  # as a browser reads it


def token(content: str) -> str:
    """The value of the tick that allows the second save."""
    found = re.search(r'name="overwrite" value="([^"]+)"', content)
    assert found is not None
    return html.unescape(found[1])


def test_it_works(teacher: Client, colleague: Client, exercise: Any) -> None:
    """The second save is refused, says who was first and what would change, and keeps every text of the second."""
    mine = form_of(teacher, exercise) | {"tests": MINE, "statement_en": "New words of mine.\r\n"}
    assert colleague.post(page(exercise), form_of(colleague, exercise) | {"tests": "# theirs\r\n"}).status_code == 302
    response = teacher.post(page(exercise), mine)
    content = response.content.decode()
    assert response.status_code == 200 and files(exercise)["tests.py"] == b"# theirs\n"
    assert "Dana Roy saved it" in content
    assert text_of(content, "tests") == "# mine\n" and text_of(content, "statement_en") == "New words of mine.\n"
    panel = content[content.index('id="conflict"') : content.index('id="id_overwrite"')]
    assert "theirs" in panel and "mine" in panel and "statement.en.md" in panel and "solution.py" not in panel


def test_pressing_save_again_is_refused_again(teacher: Client, exercise: Any) -> None:
    mine = form_of(teacher, exercise) | {"tests": MINE}
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"tests.py": b"# theirs\n"}))
    for _press in range(2):
        assert teacher.post(page(exercise), mine).status_code == 200
    assert files(exercise)["tests.py"] == b"# theirs\n"


def test_whoever_has_seen_it_may_replace_it(teacher: Client, exercise: Any) -> None:
    mine = form_of(teacher, exercise) | {"tests": MINE}
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"tests.py": b"# theirs\n"}))
    seen = token(teacher.post(page(exercise), mine).content.decode())
    assert teacher.post(page(exercise), mine | {"overwrite": seen}).status_code == 302
    assert files(exercise)["tests.py"] == b"# mine\n"


def test_a_third_save_in_between_is_shown_too(teacher: Client, exercise: Any) -> None:
    """The tick allows to replace what was shown, nothing that came after it."""
    mine = form_of(teacher, exercise) | {"tests": MINE}
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"tests.py": b"# theirs\n"}))
    seen = token(teacher.post(page(exercise), mine).content.decode())
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"tests.py": b"# a third\n"}))
    response = teacher.post(page(exercise), mine | {"overwrite": seen})
    assert response.status_code == 200 and "a third" in response.content.decode()
    assert files(exercise)["tests.py"] == b"# a third\n"


@pytest.mark.parametrize("button", ["_publish", "_check"])
def test_nothing_is_published_or_checked(teacher: Client, exercise: Any, button: str) -> None:
    mine = form_of(teacher, exercise) | {"statement_en": "Mine.", button: "1"}
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"statement.en.md": b"Theirs.\n"}))
    assert teacher.post(page(exercise), mine).status_code == 200
    assert exercise.versions.count() == 1 and not exercise.checks.exists()


def test_the_same_text_twice_is_no_conflict(teacher: Client, exercise: Any) -> None:
    """A second click on Save, or both have written the same."""
    mine = form_of(teacher, exercise) | {"tests": MINE}
    assert [teacher.post(page(exercise), mine).status_code for _click in range(2)] == [302, 302]


def test_a_wrong_answer_that_the_other_deleted_is_kept_here(teacher: Client, exercise: Any) -> None:
    """The rows with which the page was made are gone: the text in it must come back all the same."""
    mine = form_of(teacher, exercise) | {"files-0-source": "# expect: 0/10\r\n# mine\r\n"}
    rest = {path: content for path, content in files(exercise).items() if not path.startswith("wrong/")}
    actions.save_files(exercise, ExerciseFiles(rest))
    content = teacher.post(page(exercise), mine).content.decode()
    assert "wrong/minus.py" in content and text_of(content, "files-0-source") == "# expect: 0/10\n# mine\n"
    teacher.post(page(exercise), mine | {"overwrite": token(content)})
    assert files(exercise)["wrong/minus.py"] == b"# expect: 0/10\n# mine\n"


def test_a_form_without_its_token_replaces_nothing(teacher: Client, exercise: Any) -> None:
    mine = form_of(teacher, exercise) | {"tests": MINE}
    del mine["seen"]
    assert teacher.post(page(exercise), mine).status_code == 200
    assert files(exercise)["tests.py"] != b"# mine\n"


def test_a_zip_imported_meanwhile_is_a_save_too(teacher: Client, exercise: Any) -> None:
    seen = token_of(exercise.updated_at)
    pending = ExerciseFiles(files(exercise) | {"tests.py": b"# mine\n"})
    assert conflict_of(exercise, pending, seen, "") is None
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"data/a.csv": b"1;2"}))
    found = conflict_of(exercise, pending, seen, "")
    assert found is not None and [file.path for file in found.files] == ["data/a.csv", "tests.py"]
    assert found.token == token_of(Exercise.objects.get().updated_at)
