"""Whole columns: categories with their weights, marks entered by hand, locks, comments."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from courses.models import Course, enrolment_of
from gradebook import actions
from gradebook.models import Category, GradeEvent, GradeItem, Score
from gradebook.table import build_table, own_row


@pytest.fixture
def oral(course: Course) -> Any:
    return GradeItem.objects.create(course=course, slug="oral", title_en="Oral", max_points=20, weight=1)


def closed(course: Course, slug: str, category: Category | None = None, weight: int = 1) -> Any:
    return GradeItem.objects.create(
        course=course,
        slug=slug,
        title_en=slug,
        weight=weight,
        category=category,
        closes_at=timezone.now() - datetime.timedelta(days=1),
    )


class TestCategories:
    def test_it_works(self, course: Course, bob: Any, oral: Any, alice: Any) -> None:
        """Three exercises count as one category of weight 3, beside an oral of weight 1."""
        category = Category.objects.create(course=course, title_en="Exercises", weight=3)
        for slug, points, weight in (("a", 10, 1), ("b", 4, 2), ("c", 7, 1)):
            actions.set_derived(closed(course, slug, category, weight), bob, Decimal(points), "run")
        actions.enter(oral, bob, Decimal(15), alice)
        row = build_table(course).rows[0]
        # (1 × 10 + 2 × 4 + 1 × 7) / 4 = 6.25 of 10; 3 × 0.625 + 1 × 0.75 = 2.625 of 4
        assert (row.total, row.counted, row.total_20) == (Decimal("2.63"), Decimal(4), Decimal("13.13"))

    def test_the_lowest_are_left_out(self, course: Course, bob: Any) -> None:
        category = Category.objects.create(course=course, title_en="Exercises", weight=10, drop_lowest=2)
        items = [closed(course, slug, category) for slug in ("a", "b", "c", "d")]
        actions.set_derived(items[0], bob, Decimal(8), "run")
        actions.set_derived(items[1], bob, Decimal(6), "run")
        actions.set_derived(items[2], bob, Decimal(2), "run")
        row = build_table(course).rows[0]  # d: nothing handed in, 0
        assert row.dropped == {items[2].pk, items[3].pk}
        assert row.total_20 == Decimal(14)

    def test_one_always_counts(self, course: Course, bob: Any) -> None:
        category = Category.objects.create(course=course, title_en="Exercises", drop_lowest=5)
        actions.set_derived(closed(course, "a", category), bob, Decimal(5), "run")
        row = build_table(course).rows[0]
        assert (row.dropped, row.total_20) == (frozenset(), Decimal(10))

    def test_an_excused_column_is_not_the_lowest(self, course: Course, bob: Any, alice: Any) -> None:
        category = Category.objects.create(course=course, title_en="Exercises", drop_lowest=1)
        a, b, c = (closed(course, slug, category) for slug in "abc")
        actions.set_excused(a, bob, True, alice, "ill")
        actions.set_derived(b, bob, Decimal(4), "run")
        actions.set_derived(c, bob, Decimal(9), "run")
        assert build_table(course).rows[0].dropped == {b.pk}

    def test_an_empty_category_counts_for_nothing(self, course: Course, bob: Any) -> None:
        Category.objects.create(course=course, title_en="Workshops", weight=50)
        actions.set_derived(closed(course, "a"), bob, Decimal(5), "run")
        assert build_table(course).rows[0].total_20 == Decimal(10)

    def test_students_see_what_is_left_out(self, client: Client, course: Course, bob: Any) -> None:
        category = Category.objects.create(course=course, title_en="Exercises", drop_lowest=1)
        actions.set_derived(closed(course, "a", category), bob, Decimal(5), "run")
        closed(course, "b", category)
        client.force_login(bob)
        page = client.get("/c/course/grades/").content.decode()
        assert page.count("Left out: one of your lowest in its category.") == 1
        enrolment = enrolment_of(bob, course)
        assert enrolment is not None and own_row(enrolment).total_20 == Decimal(10)


class TestEntry:
    def test_it_works(self, client: Client, course: Course, oral: Any, alice: Any, bob: Any) -> None:
        client.force_login(alice)
        field = f"points-{bob.pk}"
        assert field in client.get("/c/course/gradebook/oral/").content.decode()
        response = client.post("/c/course/gradebook/oral/", {field: "12,5", f"was-{bob.pk}": "", "action": "save"})
        assert response.status_code == 302
        score = Score.objects.get(item=oral, student=bob)
        assert (score.derived, score.points) == (Decimal("12.50"), Decimal("12.50"))
        event = GradeEvent.objects.get()
        assert (event.kind, event.by, event.old, event.new) == ("entered", alice, None, Decimal("12.50"))

    def test_untouched_fields_write_nothing(self, client: Client, oral: Any, alice: Any, bob: Any) -> None:
        actions.enter(oral, bob, Decimal(12), alice)
        client.force_login(alice)
        page = client.get("/c/course/gradebook/oral/").content.decode()
        assert 'value="12"' in page
        client.post("/c/course/gradebook/oral/", {f"points-{bob.pk}": "12", f"was-{bob.pk}": "12.00"})
        assert GradeEvent.objects.count() == 1

    def test_a_colleagues_mark_is_not_overwritten(self, client: Client, oral: Any, alice: Any, bob: Any) -> None:
        actions.enter(oral, bob, Decimal(12), alice)
        client.force_login(alice)
        response = client.post("/c/course/gradebook/oral/", {f"points-{bob.pk}": "9", f"was-{bob.pk}": ""})
        assert response.status_code == 400
        assert "Somebody else has entered 12.00 meanwhile." in response.content.decode()
        assert 'value="9"' in response.content.decode()  # nothing typed is lost
        assert Score.objects.get().derived == 12

    @pytest.mark.parametrize("typed", ["ten", "-1", "40.01", "nan", "1e9", "12..5", "١٢x"])
    def test_bad_marks(self, client: Client, oral: Any, alice: Any, bob: Any, typed: str) -> None:
        client.force_login(alice)
        response = client.post("/c/course/gradebook/oral/", {f"points-{bob.pk}": typed, f"was-{bob.pk}": ""})
        assert response.status_code == 400
        assert "1 mark was not saved" in response.content.decode()
        assert not Score.objects.filter(derived__isnull=False).exists()

    def test_a_mark_can_be_taken_back(self, client: Client, oral: Any, alice: Any, bob: Any) -> None:
        actions.enter(oral, bob, Decimal(12), alice)
        client.force_login(alice)
        client.post("/c/course/gradebook/oral/", {f"points-{bob.pk}": " ", f"was-{bob.pk}": "12.00"})
        assert Score.objects.get().points is None

    def test_a_graded_column_is_not_entered(self, assignment: Any, alice: Any, bob: Any) -> None:
        with pytest.raises(actions.GradebookError, match="graded by Rendu"):
            actions.enter(assignment.item, bob, Decimal(1), alice)

    def test_outsiders(self, client: Client, oral: Any, bob: Any, charlie: Any) -> None:
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get("/c/course/gradebook/oral/").status_code == 404
            assert client.get("/c/course/weights/").status_code == 404
            assert client.post("/c/course/gradebook/oral/", {"action": "lock"}).status_code == 404
        assert not Score.objects.exists()


class TestLock:
    def test_it_works(self, assignment: Any, alice: Any, bob: Any) -> None:
        item = assignment.item
        actions.set_derived(item, bob, Decimal(4), "run 1")
        actions.set_locked(item, bob, True, alice)
        actions.set_derived(item, bob, Decimal(9), "run 2")
        assert Score.objects.get().points == 4
        with pytest.raises(actions.GradebookError, match="locked"):
            actions.set_override(item, bob, Decimal(7), alice, "appeal")
        actions.set_locked(item, bob, False, alice)
        assert Score.objects.get().points == 9
        assert [event.kind for event in GradeEvent.objects.all()] == ["unlocked", "derived", "locked", "derived"]

    def test_a_whole_column(self, client: Client, assignment: Any, alice: Any, bob: Any) -> None:
        client.force_login(alice)
        for action, locked in (("lock", True), ("lock", True), ("unlock", False)):
            client.post("/c/course/gradebook/addition/", {"action": action})
            assert Score.objects.get(student=bob).locked is locked
        assert GradeEvent.objects.count() == 2

    def test_a_locked_cell_refuses_marks(self, client: Client, oral: Any, alice: Any, bob: Any) -> None:
        actions.enter(oral, bob, Decimal(12), alice)
        actions.set_locked(oral, bob, True, alice)
        client.force_login(alice)
        response = client.post("/c/course/gradebook/oral/", {f"points-{bob.pk}": "9", f"was-{bob.pk}": "12.00"})
        assert "unlock it first" in response.content.decode()

    def test_the_cells_page_says_so(self, client: Client, assignment: Any, alice: Any, bob: Any) -> None:
        client.force_login(alice)
        url = f"/c/course/gradebook/addition/{bob.pk}/"
        client.post(url, {"action": "lock"})
        assert "Locked: later results do not change it." in client.get(url).content.decode()
        response = client.post(url, {"action": "override", "points": "3", "reason": "appeal"})
        assert response.status_code == 400 and "unlock it first" in response.content.decode()

    def test_what_a_person_set_stays(self, client: Client, assignment: Any, alice: Any, bob: Any) -> None:
        actions.set_override(assignment.item, bob, Decimal(7), alice, "appeal")
        actions.set_locked(assignment.item, bob, True, alice)
        client.force_login(alice)
        response = client.post(f"/c/course/gradebook/addition/{bob.pk}/", {"action": "clear"})
        assert response.status_code == 400 and "unlock it first" in response.content.decode()
        assert Score.objects.get().points == 7


class TestComment:
    def test_it_works(self, client: Client, assignment: Any, alice: Any, bob: Any) -> None:
        client.force_login(alice)
        url = f"/c/course/gradebook/addition/{bob.pk}/"
        client.post(url, {"action": "comment", "comment": "Good <i>start</i>.\nGo on."})
        assert "Good &lt;i&gt;start" in client.get(url).content.decode()
        assert "✎" in client.get("/c/course/gradebook/").content.decode()
        client.force_login(bob)
        assert "Good &lt;i&gt;start&lt;/i&gt;.<br>Go on." in client.get("/c/course/grades/").content.decode()

    def test_too_long(self, client: Client, assignment: Any, alice: Any, bob: Any) -> None:
        client.force_login(alice)
        url = f"/c/course/gradebook/addition/{bob.pk}/"
        assert client.post(url, {"action": "comment", "comment": "x" * 5001}).status_code == 400


class TestWeights:
    def test_it_works(self, client: Client, course: Course, oral: Any, alice: Any) -> None:
        client.force_login(alice)
        new = {
            "category-TOTAL_FORMS": "1",
            "category-INITIAL_FORMS": "0",
            "category-0-title_en": "Exercises",
            "category-0-weight": "60",
            "category-0-drop_lowest": "1",
            "action": "categories",
        }
        assert client.post("/c/course/weights/", new).status_code == 302
        category = Category.objects.get(course=course)
        assert (category.weight, category.drop_lowest) == (60, 1)
        change = {
            "item-TOTAL_FORMS": "1",
            "item-INITIAL_FORMS": "1",
            "item-0-id": str(oral.pk),
            "item-0-category": str(category.pk),
            "item-0-weight": "2.5",
            "action": "weights",
        }
        assert client.post("/c/course/weights/", change).status_code == 302
        oral.refresh_from_db()
        assert (oral.category, oral.weight) == (category, Decimal("2.5"))
        assert "Exercises" in client.get("/c/course/gradebook/").content.decode() or not oral.scores.exists()

    def test_a_column_by_hand(self, client: Client, course: Course, alice: Any) -> None:
        client.force_login(alice)
        data = {"title_en": "Project", "slug": "project", "max_points": "20", "weight": "3", "action": "column"}
        assert client.post("/c/course/weights/", data).status_code == 302
        item = GradeItem.objects.get(course=course, slug="project")
        assert item.manual and item.max_points == 20
        again = client.post("/c/course/weights/", data)
        assert again.status_code == 400 and "short name already" in again.content.decode()

    def test_another_courses_category(self, client: Client, oral: Any, other_course: Course, alice: Any) -> None:
        foreign = Category.objects.create(course=other_course, title_en="Theirs")
        client.force_login(alice)
        change = {
            "item-TOTAL_FORMS": "1",
            "item-INITIAL_FORMS": "1",
            "item-0-id": str(oral.pk),
            "item-0-category": str(foreign.pk),
            "item-0-weight": "1",
            "action": "weights",
        }
        assert client.post("/c/course/weights/", change).status_code == 400
        oral.refresh_from_db()
        assert oral.category is None

    def test_only_empty_columns_by_hand_are_deleted(
        self, client: Client, oral: Any, assignment: Any, alice: Any, bob: Any
    ) -> None:
        client.force_login(alice)
        client.post("/c/course/weights/", {"action": "delete", "item": "addition"})
        actions.enter(oral, bob, Decimal(1), alice)
        client.post("/c/course/weights/", {"action": "delete", "item": "oral"})
        assert GradeItem.objects.count() == 2
        GradeItem.objects.create(course=oral.course, slug="empty", title_en="Empty")
        client.post("/c/course/weights/", {"action": "delete", "item": "empty"})
        assert GradeItem.objects.count() == 2
