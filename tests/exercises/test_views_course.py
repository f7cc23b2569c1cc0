"""The list of exercises: what to do, until when, and how far one is."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Run, RunState
from tests.conftest import make_report

DAY = datetime.timedelta(days=1)
URL = "/c/course/"


def page(client: Any, user: Any, url: str = URL, **headers: str) -> str:
    client.force_login(user)
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def state(html: str) -> str:
    found = re.search(r'row-state"><span class="chip \w+">([^<]+)<', html)
    assert found
    return found[1]


def test_it_works(client: Any, assignment: Any, bob: Any) -> None:
    html = page(client, bob)
    assert "Addition" in html
    assert "10 points" in html
    assert "(Paris)" in html
    assert 'href="/c/course/e/addition/"' in html
    assert state(html) == "to do"


def test_the_due_date_is_in_the_courses_zone(client: Any, assignment: Any, bob: Any) -> None:
    moment = datetime.datetime(timezone.now().year + 1, 7, 1, 21, 59, tzinfo=datetime.UTC)
    Assignment.objects.update(due_at=moment)
    html = page(client, bob)
    iso = rf"{moment.year}-07-01T23:59:00\+02:00"
    assert re.search(rf'<time datetime="{iso}">\w+ 1 July {moment.year}, 23:59</time>', html)


def test_states_follow_the_work(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    actions.save_draft(assignment, bob, "x")
    assert state(page(client, bob)) == "in progress"
    submission = actions.submit(assignment, bob, "x")
    assert state(page(client, bob)) == "being graded"
    graded(submission, make_report(submission.run.version, {"adds hidden numbers": "failed"}))
    html = page(client, bob)
    assert state(html) == "partly solved"
    assert "<b>4</b> / 10" in html
    graded(actions.submit(assignment, bob, "x"))
    html = page(client, bob)
    assert state(html) == "done"
    assert "1 of 1 exercise done" in html


@pytest.mark.parametrize(
    ("due", "closes", "word"), [(-1, None, "closed"), (-1, 1, "late"), (1, None, "to do"), (None, None, "to do")]
)
def test_states_follow_the_dates(
    client: Any, assignment: Any, bob: Any, due: int | None, closes: int | None, word: str
) -> None:
    now = timezone.now()
    Assignment.objects.update(due_at=due and now + due * DAY, closes_at=closes and now + closes * DAY)
    assert state(page(client, bob)) == word


def test_a_version_that_is_not_listed_is_being_prepared(client: Any, assignment: Any, bob: Any) -> None:
    exercise = assignment.exercise
    exercise.published = None
    exercise.save()
    assert state(page(client, bob)) == "being prepared"


def test_tries_are_counted_down(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    Assignment.objects.update(tries=3)
    graded(actions.submit(assignment, bob, "x"))
    failed = actions.submit(assignment, bob, "y")
    Run.objects.filter(pk=failed.run_id).update(state=RunState.JUDGE_FAILED)
    assert "2 of 3 tries left" in page(client, bob)


def test_hidden_ones_are_for_the_staff(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    Assignment.objects.update(visible=False)
    assert "No exercises yet" in page(client, bob)
    assert "not shown to students" in page(client, alice)


def test_unopened_ones_are_for_the_staff(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    Assignment.objects.update(opens_at=timezone.now() + DAY)
    assert "No exercises yet" in page(client, bob)
    assert state(page(client, alice)) == "not open yet"


def test_it_speaks_the_readers_language(client: Any, assignment: Any, course: Any, bob: Any) -> None:
    html = page(client, bob, **{"Accept-Language": "fr"})
    assert '<html lang="fr" ' in html
    assert "<h1>Cours</h1>" in html


def test_the_queries_do_not_grow_with_the_list(
    client: Any, assignment: Any, bob: Any, django_assert_max_num_queries: Any
) -> None:
    from gradebook.models import GradeItem

    for number in range(12):
        course, exercise = assignment.course, assignment.exercise
        item = GradeItem.objects.create(course=course, slug=f"i{number}", title_en="I", max_points=Decimal(1))
        Assignment.objects.create(course=course, exercise=exercise, slug=f"a{number}", item=item, position=number)
    client.force_login(bob)
    with django_assert_max_num_queries(12):
        assert client.get(URL).content.count(b'class="row-title"') == 13


def test_ones_own_work_comes_as_an_archive(client: Any, assignment: Any, alice: Any, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "first = 'é'"))
    actions.submit(assignment, bob, "tried", public_only=True)
    actions.submit(assignment, alice, "not bob's")
    actions.save_draft(assignment, bob, "draft")
    client.force_login(bob)
    response = client.get("/c/course/work.zip")
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    index = texts.pop("index.csv")
    assert sorted(texts.values()) == ["draft", "first = 'é'", "tried"]
    assert len(index.splitlines()) == 3
    assert ",10,10" in index


def test_who_is_not_signed_in_signs_in_first(client: Any, assignment: Any) -> None:
    response = client.get(URL)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
