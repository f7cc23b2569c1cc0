"""Enrolment from CSV, and the two commands about people."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses import roster
from courses.models import ApiToken, Course, Enrolment, Role, Section
from gradebook.models import GradeItem, Score

HEAD = "email,family_name,given_name,section,role\n"


def enrol(course: Course, text: str | bytes) -> roster.Summary:
    return roster.enrol(course, roster.read(text if isinstance(text, bytes) else text.encode()))


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(roster.RosterError) as caught:
        roster.read(text if isinstance(text, bytes) else text.encode())
    return caught.value.problems


def test_it_works(course: Course) -> None:
    summary = enrol(course, HEAD + "Zoe@Example.org,Lefèvre,Zoé,B,student\nyan@example.org,O'Neil,Yan,,assistant\n")
    assert (summary.created, summary.enrolled) == (2, 2)
    zoe = Enrolment.objects.get(user__email="zoe@example.org")
    assert (zoe.user.family_name, zoe.user.given_name, str(zoe.section), zoe.role) == ("Lefèvre", "Zoé", "B", "student")
    assert not zoe.user.has_usable_password() and not zoe.user.is_staff
    yan = Enrolment.objects.get(user__email="yan@example.org")
    assert (yan.role, yan.section, yan.user.is_staff) == (Role.ASSISTANT, None, True)


def test_twice_changes_nothing(course: Course) -> None:
    text = HEAD + "zoe@example.org,Lefèvre,Zoé,B,student\n"
    enrol(course, text)
    summary = enrol(course, text)
    assert (summary.created, summary.enrolled, summary.changed, summary.unchanged) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    "head",
    [
        "email,family_name,given_name,section,role",
        "\ufeffEmail;Family Name;Given Name;Section;Role",
        " E-MAIL , Family-Name,GIVEN_NAME , section,ROLE",
        "Courriel;Nom;Prénom;Groupe;Rôle",
        "email\tlast name\tfirst name\tgroup\trole",
        '"email","family_name","given_name","section","role"',
    ],
)
def test_heads_may_differ(course: Course, head: str) -> None:
    delimiter = next(sign for sign in ";\t," if sign in head)
    enrol(course, head + "\r\n" + delimiter.join(["a@example.org", "Noir", "Ann", "C", "student"]) + "\r\n\r\n")
    found = Enrolment.objects.get(user__email="a@example.org")
    assert (found.user.family_name, found.user.given_name, str(found.section)) == ("Noir", "Ann", "C")


def test_the_address_alone_is_enough(course: Course) -> None:
    enrol(course, "email\na@example.org\n")
    assert Enrolment.objects.get(user__email="a@example.org").role == Role.STUDENT


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", "the file", "empty"),
        ("\ufeff \n", "the file", "empty"),
        (HEAD, "the file", "no people"),
        ("name,group\nBob,A\n", "line 1", "no column email"),
        ("email,mail\na@example.org,b@example.org\n", "line 1", "twice"),
        (HEAD + "a@example.org,Noir\n", "line 2", "2 cells, but the first line has 5"),
        (HEAD + "a@example.org,Noir, Jr.,Ann,A,student\n", "line 2", "quotes around commas"),
        (HEAD + ",Noir,Ann,A,student\n", "line 2", "not an e-mail"),
        (HEAD + "not an address,Noir,Ann,A,student\n", "line 2", "not an e-mail"),
        (HEAD + "a@example.org,Noir,Ann,A,dean\n", "line 2", "write student, assistant or instructor"),
        (HEAD + "a@example.org,No\0ir,Ann,A,\n", "line 2", "NUL"),
        (HEAD + 'a@example.org,"No\nir",Ann,A,\n', "line 2", "line break"),
        (HEAD + f"a@example.org,{'x' * 151},Ann,A,\n", "line 2", "longer than 150"),
        (HEAD + f"a@example.org,Noir,Ann,{'x' * 101},\n", "line 2", "longer than 100"),
        (HEAD + 'a@example.org,"Noir,Ann,A,\nb@example.org,Blanc,Bea,A,\n', "line 2", "quotes"),
        (HEAD + "a@example.org,,,,\nA@Example.ORG,,,,\n", "line 3", "stands in line 2 already"),
        (HEAD + f"a@example.org,{'x' * 200_000},,,\n", "line 2", "field larger"),
    ],
)
def test_errors_name_the_line(text: str, line: str, said: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(line)
    assert said in problem


def test_lines_are_counted_as_in_the_file() -> None:
    text = HEAD + '\n\na@example.org,"Noir",Ann,A,\n"",,,,\nbad,,,,\n'
    assert [problem.split(":")[0] for problem in problems(text)] == ["line 6"]


def test_every_error_is_told_at_once() -> None:
    assert len(problems(HEAD + "bad,,,,\nalso bad,,,,\na@example.org,,,,dean\n")) == 3


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_refused(encoding: str) -> None:
    (problem,) = problems((HEAD + "z@example.org,Lefèvre,Zoé,,\n").encode(encoding))
    assert "UTF-8" in problem


def test_a_huge_file_is_refused() -> None:
    assert "larger" in problems(b"x" * (roster.MAX_BYTES + 1))[0]


def test_nothing_is_half_done(course: Course, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(HEAD + "a@example.org,Noir,Ann,New,student\nbad,,,,\n")
    with pytest.raises(CommandError, match="line 3: bad is not an e-mail"):
        call_command("importroster", "course", str(file))
    assert not User.objects.filter(email="a@example.org").exists()
    assert not Section.objects.filter(name="New").exists()


def test_a_section_change_and_a_pause_keep_the_work(course: Course, bob: Any) -> None:
    item = GradeItem.objects.create(course=course, slug="one", title_en="One")
    from gradebook import actions

    actions.set_derived(item, bob, actions.cents(7.0), "test")
    Enrolment.objects.filter(user=bob).update(active=False)
    summary = enrol(course, HEAD + "BOB@example.org,,,B,\n")
    assert (summary.reactivated, summary.created, summary.enrolled) == (1, 0, 0)
    enrolment = Enrolment.objects.get(user=bob)
    assert enrolment.active and str(enrolment.section) == "B"
    assert enrolment.user.family_name == "Durand"  # an empty cell changes nothing
    assert Score.objects.get(student=bob).derived == 7


def test_roles_change_only_when_told(course: Course, alice: Any, bob: Any) -> None:
    enrol(course, HEAD + "alice@example.org,,,,\nbob@example.org,,,,teacher\n")
    assert Enrolment.objects.get(user=alice).role == Role.INSTRUCTOR
    assert Enrolment.objects.get(user=bob).role == Role.INSTRUCTOR
    bob.refresh_from_db()
    assert bob.is_staff
    enrol(course, HEAD + "bob@example.org,,,,étudiant\n")
    bob.refresh_from_db()
    assert Enrolment.objects.get(user=bob).role == Role.STUDENT
    assert not bob.is_staff


def test_people_of_other_courses_stay_where_they_are(course: Course, charlie: Any) -> None:
    enrol(course, HEAD + "charlie@example.org,Grand,,,\n")
    assert Enrolment.objects.filter(user=charlie).count() == 2
    charlie.refresh_from_db()
    assert charlie.family_name == "Grand"


@pytest.mark.parametrize("typed", ["bob@example.org ", " BOB@EXAMPLE.ORG", "Bob@Example.org\u00a0"])
def test_case_and_blanks_make_no_second_person(course: Course, bob: Any, typed: str) -> None:
    summary = enrol(course, HEAD + f'"{typed}",,,,\n')
    assert (summary.created, summary.enrolled, summary.unchanged) == (0, 0, 1)
    assert User.objects.filter(email__icontains="bob").count() == 1


def test_one_person_written_in_two_ways_is_told(course: Course) -> None:
    (problem,) = problems(HEAD + "zoe@example.org,,,,\nZoe@Example.org ,,,,\n")
    assert problem == "line 3: zoe@example.org stands in line 2 already"


def test_another_name_in_the_list_is_taken_over(course: Course, bob: Any) -> None:
    item = GradeItem.objects.create(course=course, slug="one", title_en="One")
    from gradebook import actions

    actions.set_derived(item, bob, actions.cents(7.0), "test")
    enrol(course, HEAD + "bob@example.org,Durand,Robbie,,\n")
    bob.refresh_from_db()
    assert str(bob) == "Robbie Durand" and Score.objects.get(student=bob).derived == 7


def test_homonyms_are_two_people(course: Course) -> None:
    enrol(course, HEAD + "a1@example.org,Martin,Anne,,\na2@example.org,Martin,Anne,,\n")
    assert Enrolment.objects.filter(user__family_name="Martin").count() == 2


def test_a_closed_account_is_told(course: Course, bob: Any) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    summary = enrol(course, HEAD + "bob@example.org,,,,\n")
    assert summary.notes == ["line 2: the account of bob@example.org is closed and cannot sign in"]
    bob.refresh_from_db()
    assert not bob.is_active


def test_ten_thousand_people(course: Course, django_assert_max_num_queries: Any) -> None:
    lines = "".join(f"s{n}@example.org,Family{n % 700},Given{n},Group {n % 12},student\n" for n in range(10_000))
    people = roster.read((HEAD + lines).encode())
    with django_assert_max_num_queries(300):
        summary = roster.enrol(course, people)
    assert (summary.created, summary.enrolled) == (10_000, 10_000)
    with django_assert_max_num_queries(300):
        assert roster.enrol(course, people).unchanged == 10_000


class TestImportRoster:
    def test_it_works(self, course: Course, tmp_path: Path) -> None:
        file = tmp_path / "roster.csv"
        file.write_text(
            HEAD.replace("role", "role,badge") + "a@example.org,Noir,Ann,A,student,77\n", encoding="utf-8-sig"
        )
        out, err = StringIO(), StringIO()
        call_command("importroster", "course", str(file), stdout=out, stderr=err)
        assert out.getvalue() == "course: 1 enrolled (1 new people), 0 back, 0 changed, 0 as they were\n"
        assert "ignored: badge" in err.getvalue()

    def test_it_says_what_is_wrong(self, course: Course, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="no course 'nowhere'; courses: course"):
            call_command("importroster", "nowhere", "x.csv")
        with pytest.raises(CommandError, match="No such file"):
            call_command("importroster", "course", str(tmp_path / "none.csv"))
        file = tmp_path / "bad.csv"
        file.write_text(HEAD + "bad,,,,\n" * 90)
        with pytest.raises(CommandError, match="and 40 more"):
            call_command("importroster", "course", str(file))


class TestIssueToken:
    def issue(self, *args: str) -> str:
        out = StringIO()
        call_command("issuetoken", *args, stdout=out, stderr=StringIO())
        return out.getvalue().strip()

    def test_it_works(self, course: Course, bob: Any) -> None:
        token = ApiToken.find(self.issue("Bob@example.org"))
        assert token is not None
        assert (token.user, token.course) == (bob, course)

    def test_days(self, course: Course, bob: Any) -> None:
        token = ApiToken.find(self.issue("bob@example.org", "--course", "course", "--days", "1"))
        assert token is not None
        assert 0.99 < (token.expires_at - token.created_at).total_seconds() / 86400 < 1.01

    @pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "4000", "x"])
    def test_days_must_be_sensible(self, course: Course, bob: Any, days: str) -> None:
        with pytest.raises(CommandError, match="number of days"):
            self.issue("bob@example.org", "--days", days)

    def test_it_says_what_is_wrong(self, course: Course, other_course: Course, bob: Any, charlie: Any) -> None:
        with pytest.raises(CommandError, match="nobody here has the address eve@example.org"):
            self.issue("eve@example.org")
        with pytest.raises(CommandError, match="no part in a course 'course'; takes part in: other"):
            self.issue("charlie@example.org", "--course", "course")
        Enrolment.objects.create(course=other_course, user=bob)
        with pytest.raises(CommandError, match="--course; bob@example.org takes part in: course, other"):
            self.issue("bob@example.org")
        User.objects.filter(pk=bob.pk).update(is_active=False)
        with pytest.raises(CommandError, match="closed"):
            self.issue("bob@example.org", "--course", "course")

    def test_a_closed_account_s_token_opens_nothing(self, course: Course, bob: Any) -> None:
        text = self.issue("bob@example.org")
        User.objects.filter(pk=bob.pk).update(is_active=False)
        assert ApiToken.find(text) is None
