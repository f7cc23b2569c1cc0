"""The pages of grades: a student's own, the staff's table, and one cell."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Enrolment, Section
from gradebook import actions
from gradebook.models import GradeEvent, GradeItem, Score

PAST = datetime.timedelta(days=-1)


@pytest.fixture
def one(course: Course) -> Any:
    return GradeItem.objects.create(course=course, slug="one", title_en="First item", position=1)


@pytest.fixture
def two(course: Course) -> Any:
    return GradeItem.objects.create(
        course=course, slug="two", title_en="Second item", position=2, closes_at=timezone.now() + PAST
    )


def student(course: Course, email: str, family: str, given: str = "", section: str = "") -> User:
    user = User.objects.create_user(email, family_name=family, given_name=given)
    found = Section.objects.get_or_create(course=course, name=section)[0] if section else None
    Enrolment.objects.create(course=course, user=user, section=found)
    return user


class TestOwnGrades:
    def test_it_works(self, client: Client, course: Course, one: Any, two: Any, alice: Any, bob: Any) -> None:
        actions.set_derived(one, bob, Decimal("4.5"), "run")
        actions.set_override(one, bob, Decimal("7.5"), alice, "Appeal <b>accepted</b>")
        client.force_login(bob)
        response = client.get("/c/course/grades/")
        page = response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
        assert "7.5*" in page
        assert "Appeal &lt;b&gt;accepted" in page
        assert "Nothing handed in: counts as 0." in page
        assert re.search(r'stat num">7\.50? <small', page)  # 20 × 7.5 / 20

    def test_excused(self, client: Client, course: Course, one: Any, two: Any, alice: Any, bob: Any) -> None:
        actions.set_derived(one, bob, Decimal("4.5"), "run")
        actions.set_excused(two, bob, True, alice, "ill")
        client.force_login(bob)
        page = client.get("/c/course/grades/").content.decode()
        assert "Excused: leaves your total." in page
        assert re.search(r'stat num">9 <small', page)

    def test_others_are_not_shown(self, client: Client, course: Course, one: Any, bob: Any) -> None:
        dana = student(course, "dana@example.org", "Noir")
        actions.set_derived(one, dana, Decimal("9.75"), "run")
        client.force_login(bob)
        page = client.get("/c/course/grades/").content.decode()
        assert "9.75" not in page and "Noir" not in page

    def test_staff_has_the_gradebook(self, client: Client, course: Course, alice: Any) -> None:
        client.force_login(alice)
        assert client.get("/c/course/grades/").url == "/c/course/gradebook/"

    def test_outsiders(self, client: Client, course: Course, bob: Any, charlie: Any) -> None:
        Enrolment.objects.filter(user=bob).update(active=False)
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get("/c/course/grades/").status_code == 404


def rows(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/c/course/gradebook/{query}").content.decode()
    return re.findall(r'<th scope="row" title="(\w+)@', page)


class TestGradebook:
    @pytest.fixture(autouse=True)
    def people(self, course: Course, one: Any, two: Any, alice: Any, bob: Any, client: Client) -> None:
        self.zoe = student(course, "zoe@example.org", "Émile", "Zoé", "B")
        self.yan = student(course, "yan@example.org", "Faure", "Yan", "A")
        actions.set_derived(one, bob, Decimal("4.5"), "run")
        actions.set_derived(one, self.zoe, Decimal(10), "run")
        actions.set_override(two, self.zoe, Decimal(6), alice, 'Said "yes"')
        client.force_login(alice)

    def test_it_works(self, client: Client) -> None:
        response = client.get("/c/course/gradebook/")
        page = response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
        assert rows(client) == ["bob", "zoe", "yan"]
        assert 'class="override"' in page and ">6*</a>" in page
        assert 'title="Override: Said &quot;yes&quot;"' in page
        assert f'href="one/{self.zoe.pk}/"' in page
        assert " style=" not in page and "<script>" not in page

    def test_averages_are_over_what_counts(self, client: Client) -> None:
        page = client.get("/c/course/gradebook/").content.decode()
        foot = re.findall(r"<td>([^<]*)</td>", page.partition("<tfoot>")[2])
        # one: 4.5 and 10, open for Yan; two: closed, so 6, 0, 0; totals: 4.5, 16, 0
        assert foot == ["", "7.25", "2", "6.83"]

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("name", ["bob", "zoe", "yan"]),
            ("-name", ["yan", "zoe", "bob"]),
            ("email", ["bob", "yan", "zoe"]),
            ("section", ["yan", "zoe", "bob"]),
            ("-section", ["zoe", "yan", "bob"]),
            ("total", ["yan", "bob", "zoe"]),
            ("-total", ["zoe", "bob", "yan"]),
            ("item-one", ["bob", "zoe", "yan"]),
            ("-item-one", ["zoe", "bob", "yan"]),
            ("item-none", ["bob", "zoe", "yan"]),
            ("--name", ["bob", "zoe", "yan"]),
            ("' OR 1", ["bob", "zoe", "yan"]),
        ],
    )
    def test_sorting(self, client: Client, sort: str, order: list[str]) -> None:
        assert rows(client, f"?sort={sort}") == order

    def test_heads_turn_the_order_round(self, client: Client) -> None:
        page = client.get("/c/course/gradebook/?sort=-item-one&q=e").content.decode()
        assert 'aria-sort="descending"><a href="?sort=item-one&amp;q=e"' in page
        assert 'href="?sort=-item-two&amp;q=e"' in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("emile", ["zoe"]),
            ("ÉMILE zoe", ["zoe"]),
            ("yan faure", ["yan"]),
            ("@example.org", ["bob", "zoe", "yan"]),
            ("nobody", []),
            ("%", []),
            ("\0", []),
        ],
    )
    def test_search(self, client: Client, query: str, found: list[str]) -> None:
        page = client.get("/c/course/gradebook/", {"q": query})
        assert re.findall(r'<th scope="row" title="(\w+)@', page.content.decode()) == found

    def test_section(self, client: Client, course: Course, other_course: Course) -> None:
        section = Section.objects.get(course=course, name="B")
        assert rows(client, f"?section={section.pk}") == ["zoe"]
        page = client.get(f"/c/course/gradebook/?section={section.pk}").content.decode()
        assert f"grades.csv?format=plain&amp;section={section.pk}" in page
        foreign = Section.objects.create(course=other_course, name="X")
        for nonsense in (foreign.pk, "x", "", "99999999999999999999", "٣"):
            assert len(rows(client, f"?section={nonsense}")) == 3

    def test_only_staff(self, client: Client, course: Course, bob: Any, charlie: Any) -> None:
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get("/c/course/gradebook/").status_code == 404
        client.logout()
        assert client.get("/c/course/gradebook/").url.startswith("/accounts/login/")


def fill(course: Course, students: int, items: int) -> None:
    people = User.objects.bulk_create(
        [User(email=f"s{n}@example.org", family_name=f"Family{n}", given_name="Given") for n in range(students)]
    )
    section = course.sections.get()
    Enrolment.objects.bulk_create([Enrolment(course=course, user=user, section=section) for user in people])
    columns = GradeItem.objects.bulk_create(
        [GradeItem(course=course, slug=f"i{n}", title_en=f"Item {n}", position=n) for n in range(items)]
    )
    points = Decimal("7.25")
    Score.objects.bulk_create([Score(item=item, student=user, derived=points) for item in columns for user in people])


@pytest.mark.parametrize(("students", "items"), [(2, 2), (300, 40)])
def test_the_number_of_queries_is_constant(
    client: Client, course: Course, alice: Any, django_assert_max_num_queries: Any, students: int, items: int
) -> None:
    fill(course, students, items)
    client.force_login(alice)
    with django_assert_max_num_queries(14):
        page = client.get("/c/course/gradebook/").content.decode()
    assert page.count('<th scope="row" title=') == students
    assert page.count(">7.25</a>") == students * items
    with django_assert_max_num_queries(9):
        client.get("/c/course/grades.csv?format=plain")


class TestCell:
    @pytest.fixture(autouse=True)
    def score(self, one: Any, alice: Any, bob: Any, client: Client) -> None:
        actions.set_derived(one, bob, Decimal("4.5"), "run 77")
        client.force_login(alice)
        self.path = f"/c/course/gradebook/one/{bob.pk}/"
        self.bob = bob

    def saved(self) -> Score:
        return Score.objects.get(student=self.bob)

    def test_it_works(self, client: Client, alice: Any) -> None:
        response = client.get(self.path)
        assert "no-store" in response.headers["Cache-Control"]
        assert "run 77" in response.content.decode()
        change = {"action": "override", "points": "7,5", "reason": "Appeal"}
        assert client.post(self.path, change).url == self.path
        assert (self.saved().points, self.saved().reason) == (Decimal("7.50"), "Appeal")
        event = GradeEvent.objects.first()
        assert event is not None
        assert (event.kind, event.by, event.old, event.new, event.why) == (
            "override",
            alice,
            Decimal("4.50"),
            Decimal("7.50"),
            "Appeal",
        )
        page = client.get(self.path).content.decode()
        assert "Set by the staff: Appeal" in page and "The graders gave 4.5." in page
        client.post(self.path, {"action": "clear"})
        assert self.saved().points == Decimal("4.50")

    def test_excusing(self, client: Client) -> None:
        client.post(self.path, {"action": "excuse", "why": "ill"})
        assert self.saved().excused
        client.post(self.path, {"action": "include"})
        assert not self.saved().excused
        assert [event.kind for event in GradeEvent.objects.all()] == ["unexcused", "excused", "derived"]

    @pytest.mark.parametrize(
        "change",
        [
            {"points": "7", "reason": ""},
            {"points": "7", "reason": "   "},
            {"points": "", "reason": "x"},
            {"points": "-1", "reason": "x"},
            {"points": "20.01", "reason": "x"},
            {"points": "NaN", "reason": "x"},
            {"points": "Infinity", "reason": "x"},
            {"points": "1e999999", "reason": "x"},
            {"points": "7.555", "reason": "x"},
            {"points": "1,000.5", "reason": "x"},
            {"points": "7", "reason": "x" * 1001},
        ],
        ids=str,
    )
    def test_refused_overrides(self, client: Client, change: dict[str, str]) -> None:
        response = client.post(self.path, change | {"action": "override"})
        assert response.status_code == 400
        assert 'class="error"' in response.content.decode()
        assert self.saved().override is None

    @pytest.mark.parametrize("points", ["0", "20", "20.00", "0,25"])
    def test_accepted_overrides(self, client: Client, points: str) -> None:
        assert client.post(self.path, {"action": "override", "points": points, "reason": "x"}).status_code == 302

    def test_a_student_without_a_score(self, client: Client, course: Course) -> None:
        dana = student(course, "dana@example.org", "Noir")
        path = f"/c/course/gradebook/one/{dana.pk}/"
        assert "Nothing handed in yet." in client.get(path).content.decode()
        assert not Score.objects.filter(student=dana).exists()  # looking writes nothing
        client.post(path, {"action": "override", "points": "3", "reason": "on paper"})
        assert Score.objects.get(student=dana).points == 3

    def test_what_does_not_exist(self, client: Client, alice: Any, charlie: Any, other_course: Course) -> None:
        GradeItem.objects.create(course=other_course, slug="foreign", title_en="Foreign")
        for path in (
            f"/c/course/gradebook/none/{self.bob.pk}/",
            f"/c/course/gradebook/foreign/{self.bob.pk}/",
            f"/c/course/gradebook/one/{charlie.pk}/",
            f"/c/course/gradebook/one/{alice.pk}/",  # not a student
            f"/c/other/gradebook/foreign/{charlie.pk}/",
        ):
            assert client.get(path).status_code == 404
            assert client.post(path, {"action": "override", "points": "3", "reason": "x"}).status_code == 404
        assert client.post(self.path, {"action": "steal"}).status_code == 404
        assert client.post(self.path).status_code == 404

    def test_only_staff(self, client: Client, charlie: Any) -> None:
        for person in (self.bob, charlie):
            client.force_login(person)
            assert client.get(self.path).status_code == 404
            change = {"action": "override", "points": "10", "reason": "please"}
            assert client.post(self.path, change).status_code == 404
        assert self.saved().override is None

    def test_another_site_cannot_change_a_grade(self, alice: Any) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(alice)
        change = {"action": "override", "points": "10", "reason": "forged"}
        assert browser.post(self.path, change).status_code == 403
        assert self.saved().override is None
