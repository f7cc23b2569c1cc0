"""Who somebody from the LMS is here, and what part that gives: never by an e-mail address, never more than allowed."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Course, Enrolment, Role
from lti.models import Context, Identity, Member, ResourceLink
from tests.platform.lti.lms import CLAIM, INSTRUCTOR, LEARNER, MEMBER, Browser

ASSISTANT = f"{MEMBER}/Instructor#TeachingAssistant"


def who(visitor: Browser) -> User | None:
    return User.objects.filter(pk=visitor.client.session.get("_auth_user_id", 0)).first()


def roles(*names: str) -> dict[str, Any]:
    return {f"{CLAIM}roles": list(names)}


def test_it_works(visitor: Browser, sheet: Any, course: Any) -> None:
    """Somebody new: an account of its own, a student of the connected course."""
    page = visitor.launch()
    assert page.status_code == 200 and "I am new here" in page.content.decode()
    assert not User.objects.filter(family_name="Durand").exists()  # nothing before the person says so
    answer = visitor.press("/lti/identity/", action="create")
    assert answer["Location"] == "/c/course/e/addition/"
    person = who(visitor)
    assert person is not None and person.get_full_name() == "Bob Durand"
    assert person.email.endswith("@lti.invalid") and not person.has_usable_password()
    enrolment = Enrolment.objects.get(user=person)
    assert (enrolment.role, enrolment.course, person.is_staff) == (Role.STUDENT, course, False)
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.PART).about == person
    account = visitor.client.get("/accounts/", secure=True).content.decode()
    assert "You come in from your LMS" in account and person.email not in account
    # The next launch asks nothing, in another browser too.
    other = Browser(Client(), visitor.lms)
    assert other.launch()["Location"] == "/c/course/e/addition/" and who(other) == person


def test_the_same_address_opens_nothing(visitor: Browser, sheet: Any, bob: Any) -> None:
    """Mallory writes Bob's address into her profile of the LMS."""
    visitor.lms.user = "mallory"
    page = visitor.launch(email="bob@example.org", name="Mallory")
    assert page.status_code == 200 and who(visitor) is None
    visitor.press("/lti/identity/", action="link")
    assert not Identity.objects.exists() and who(visitor) is None
    visitor.press("/lti/identity/", action="create")
    person = who(visitor)
    assert person is not None and person != bob and person.email != bob.email
    bob.refresh_from_db()
    assert bob.email == "bob@example.org" and not Identity.objects.filter(user=bob).exists()


def test_an_address_that_a_roster_fills_later_is_not_taken(visitor: Browser, sheet: Any) -> None:
    """Else whoever states it first would own the account that the roster names."""
    visitor.lms.user = "mallory"
    visitor.launch(email="newcomer@example.org")
    visitor.press("/lti/identity/", action="create")
    assert not User.objects.filter(email="newcomer@example.org").exists()


def test_a_trusted_address_makes_new_accounts_only(visitor: Browser, sheet: Any, registered: Any, bob: Any) -> None:
    registered.trust_addresses = True
    registered.save()
    visitor.launch(email="New@Example.org")
    visitor.press("/lti/identity/", action="create")
    assert who(visitor) == User.objects.get(email="new@example.org")
    other = Browser(Client(), visitor.lms)
    other.lms.user = "mallory"
    page = other.launch(email="BOB@example.org")
    assert "I am new here" not in page.content.decode()
    assert other.press("/lti/identity/", action="create").status_code == 403
    assert who(other) is None and not Identity.objects.filter(user=bob).exists()


def test_linking_needs_a_sign_in(visitor: Browser, sheet: Any, bob: Any) -> None:
    visitor.launch()
    page = visitor.sign_in("bob@example.org")
    text = page.content.decode()
    assert page.status_code == 200 and "bob@example.org" in text and "Bob Durand" in text
    assert not Identity.objects.exists()  # not before the person has seen both names
    answer = visitor.press("/lti/identity/", action="link")
    assert answer["Location"] == "/c/course/e/addition/"
    assert Identity.objects.get().user == bob == who(visitor)
    other = Browser(Client(), visitor.lms)
    other.launch()
    assert who(other) == bob


def test_a_session_of_a_paper_code_links_nobody(visitor: Browser, sheet: Any, bob: Any) -> None:
    visitor.client.force_login(bob)  # as a slip of paper does, or another LMS: no code from a mail
    page = visitor.launch()
    assert "Both are me" not in page.content.decode()
    visitor.client.force_login(bob)  # the slip typed after the launch
    visitor.press("/lti/identity/", action="link")
    assert not Identity.objects.exists()


def test_somebody_else_is_signed_in_here(visitor: Browser, sheet: Any, bob: Any, alice: Any) -> None:
    visitor.launch()
    visitor.sign_in("bob@example.org")
    page = visitor.press("/lti/identity/", action="leave")
    assert page.status_code == 200 and who(visitor) is None
    assert "I have an account" in page.content.decode()


def test_two_people_of_one_lms_share_no_account(visitor: Browser, sheet: Any, bob: Any, known_bob: Any) -> None:
    """Mallory would get Bob's grades in the LMS, if Bob signed in for her."""
    visitor.lms.user = "mallory"
    visitor.launch()
    visitor.sign_in("bob@example.org")
    answer = visitor.press("/lti/identity/", action="link")
    assert answer.status_code == 403 and Identity.objects.get() == known_bob


def test_the_session_becomes_that_of_the_launch(visitor: Browser, sheet: Any, known_bob: Any, charlie: Any) -> None:
    """A machine for everybody: Charlie went away without signing out."""
    visitor.client.force_login(charlie)
    old = visitor.client.session.session_key
    visitor.launch()
    assert who(visitor) == known_bob.user and visitor.client.session.session_key != old


def test_a_closed_account(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    User.objects.update(is_active=False)
    answer = visitor.launch()
    assert answer.status_code == 403 and who(visitor) is None


# ---- Parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "told", "gets"),
    [
        ("", [INSTRUCTOR], None),
        ("assistant", [INSTRUCTOR], Role.ASSISTANT),
        ("instructor", [INSTRUCTOR], Role.INSTRUCTOR),
        ("instructor", [INSTRUCTOR, ASSISTANT], Role.ASSISTANT),
        ("", [ASSISTANT], None),
        ("instructor", [LEARNER], Role.STUDENT),
        ("instructor", [f"{MEMBER}#Mentor"], None),
        ("instructor", ["http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin"], None),
        ("instructor", [], None),
    ],
)
def test_parts(
    visitor: Browser, sheet: Any, registered: Any, charlie: Any, allowed: str, told: list[str], gets: Any
) -> None:
    Context.objects.update(staff_role=allowed)
    Identity.objects.create(issuer=registered.issuer, subject="bob-1", user=charlie)
    answer = visitor.launch(**roles(*told))
    found = Enrolment.objects.filter(course__slug="course", user=charlie).first()
    if gets is None:
        assert found is None and answer.status_code == 403
    else:
        assert found is not None and found.role == gets
    charlie.refresh_from_db()
    assert charlie.is_staff == (gets in (Role.ASSISTANT, Role.INSTRUCTOR))


def test_a_part_that_is_there_stays(visitor: Browser, sheet: Any, known_bob: Any, course: Any) -> None:
    Context.objects.update(staff_role="instructor")
    visitor.launch(**roles(INSTRUCTOR))
    assert Enrolment.objects.get(user=known_bob.user).role == Role.STUDENT
    assert not User.objects.get(pk=known_bob.user_id).is_staff


def test_a_part_that_has_ended_stays_ended(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    Enrolment.objects.filter(user=known_bob.user).update(active=False)
    assert visitor.launch().status_code == 403
    assert not Enrolment.objects.get(user=known_bob.user).active and not Member.objects.exists()


def test_students_kept_out(visitor: Browser, sheet: Any) -> None:
    Context.objects.update(students=False)
    page = visitor.launch()
    assert "I am new here" not in page.content.decode()
    assert visitor.press("/lti/identity/", action="create").status_code == 403
    assert not Identity.objects.exists()


def test_an_archived_course(visitor: Browser, sheet: Any) -> None:
    Course.objects.update(archived=True)
    visitor.launch()
    assert visitor.press("/lti/identity/", action="create").status_code == 403


def test_a_new_teacher_needs_a_way_to_sign_in(visitor: Browser, sheet: Any, registered: Any) -> None:
    Context.objects.update(staff_role="assistant")
    page = visitor.launch(**roles(INSTRUCTOR))
    assert "I am new here" not in page.content.decode()
    registered.staff_may_enter = True
    registered.save()
    visitor.launch(**roles(INSTRUCTOR))
    visitor.press("/lti/identity/", action="create")
    person = who(visitor)
    assert person is not None and person.is_staff and Enrolment.objects.get(user=person).role == Role.ASSISTANT


# ---- Staff -----------------------------------------------------------------------------------------------


@pytest.fixture
def known_alice(registered: Any, alice: Any) -> Identity:
    return Identity.objects.create(issuer=registered.issuer, subject="alice-1", user=alice)


def test_teachers_sign_in_here(visitor: Browser, sheet: Any, known_alice: Any) -> None:
    """An administrator of the LMS acts as Alice there: that opens nothing here."""
    visitor.lms.user = "alice-1"
    answer = visitor.launch(stop="/accounts/login/", **roles(INSTRUCTOR))
    assert answer["Location"] == "/accounts/login/?next=/lti/continue/" or "next=%2Flti" in answer["Location"]
    assert who(visitor) is None
    assert visitor.sign_in("alice@example.org")["Location"] == "/c/course/e/addition/"
    assert who(visitor) == known_alice.user
    # Signed in already: no second time.
    assert visitor.launch(**roles(INSTRUCTOR))["Location"] == "/c/course/e/addition/"


def test_teachers_enter_where_the_superuser_trusts_the_lms(
    visitor: Browser, sheet: Any, known_alice: Any, registered: Any
) -> None:
    registered.staff_may_enter = True
    registered.save()
    visitor.lms.user = "alice-1"
    visitor.launch(**roles(INSTRUCTOR))
    assert who(visitor) == known_alice.user


def test_superusers_never_enter_by_launch(visitor: Browser, sheet: Any, known_alice: Any, registered: Any) -> None:
    registered.staff_may_enter = True
    registered.save()
    User.objects.filter(pk=known_alice.user_id).update(is_superuser=True)
    visitor.lms.user = "alice-1"
    visitor.launch(stop="/accounts/login/", **roles(INSTRUCTOR))
    assert who(visitor) is None


def test_the_second_factor_is_asked_for(visitor: Browser, sheet: Any, known_alice: Any, registered: Any) -> None:
    registered.staff_may_enter = True
    registered.save()
    TOTP.activate(known_alice.user, generate_totp_secret())
    assert Authenticator.objects.count() == 1
    visitor.lms.user = "alice-1"
    page = visitor.launch(stop="/accounts/2fa/", **roles(INSTRUCTOR))
    assert page["Location"].startswith("/accounts/2fa/authenticate/") and who(visitor) is None


# ---- Connecting ------------------------------------------------------------------------------------------


def come_as_alice(visitor: Browser, **claims: Any) -> Any:
    visitor.lms.user = "alice-1"
    visitor.launch(stop="/accounts/login/", **(roles(INSTRUCTOR) | claims))
    return visitor.sign_in("alice@example.org")


def test_an_instructor_connects(visitor: Browser, known_alice: Any, course: Any, assignment: Any) -> None:
    page = come_as_alice(visitor)
    assert page.status_code == 200 and "Neural networks" in page.content.decode()
    answer = visitor.press("/lti/connect/", course="course", students="on", staff_role="assistant")
    context = Context.objects.get()
    assert (context.course, context.students, context.staff_role) == (course, True, "assistant")
    assert context.linked_by == known_alice.user and context.deployment == "1"
    assert AuditEvent.objects.filter(by=known_alice.user, detail__contains="Neural networks").exists()
    assert "What does this activity open?" in answer.content.decode()
    answer = visitor.press("/lti/choose/", item="addition")
    assert answer["Location"] == "/c/course/e/addition/"
    assert ResourceLink.objects.get().item == assignment.item


@pytest.mark.parametrize("slug", ["other", "nothing", ""])
def test_only_ones_own_course(visitor: Browser, known_alice: Any, other_course: Any, slug: str) -> None:
    come_as_alice(visitor)
    assert visitor.press("/lti/connect/", course=slug, staff_role="instructor").status_code == 400
    assert not Context.objects.exists()


@pytest.mark.parametrize("part", [Role.ASSISTANT, Role.STUDENT])
def test_only_instructors_connect(visitor: Browser, known_alice: Any, part: Role) -> None:
    Enrolment.objects.filter(user=known_alice.user).update(role=part)
    assert come_as_alice(visitor).status_code == 403
    assert visitor.press("/lti/connect/", course="course").status_code in (400, 403)
    assert not Context.objects.exists()


def test_a_student_of_the_lms_connects_nothing(visitor: Browser, known_alice: Any) -> None:
    """Alice is a student of somebody else's course over there: it is not hers to connect."""
    assert come_as_alice(visitor, **roles(LEARNER)).status_code == 403
    visitor.press("/lti/connect/", course="course")
    assert not Context.objects.exists()


def test_a_connection_is_not_taken_over(
    visitor: Browser, connected: Any, other_course: Any, known_alice: Any, registered: Any
) -> None:
    dora = User.objects.create_user("dora@example.org", is_staff=True)
    Enrolment.objects.create(course=other_course, user=dora, role=Role.INSTRUCTOR)
    Identity.objects.create(issuer=registered.issuer, subject="dora-1", user=dora)
    visitor.lms.user = "dora-1"
    visitor.launch(stop="/accounts/login/", **roles(INSTRUCTOR))
    assert visitor.sign_in("dora@example.org").status_code == 403  # no part in Alice's course
    visitor.press("/lti/connect/", course="other")
    assert Context.objects.get().course == connected.course
    assert not Enrolment.objects.filter(user=dora, course=connected.course).exists()


def test_another_deployment_is_another_course(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    answer = visitor.launch(**{f"{CLAIM}deployment_id": "2"})
    assert answer.status_code == 403 and not Member.objects.exists()


def test_students_do_not_choose(visitor: Browser, connected: Any, known_bob: Any, assignment: Any) -> None:
    assert visitor.launch().status_code == 403
    visitor.press("/lti/choose/", item="addition")
    assert not ResourceLink.objects.exists()


def test_what_is_chosen_must_be_of_the_course(
    visitor: Browser, connected: Any, known_alice: Any, assignment: Any, other_course: Any
) -> None:
    from gradebook.models import GradeItem

    GradeItem.objects.create(course=other_course, slug="foreign", title_en="Foreign")
    GradeItem.objects.create(course=connected.course, slug="oral", title_en="Oral")
    page = come_as_alice(visitor)
    assert "Addition" in page.content.decode() and "Oral" not in page.content.decode()
    for slug in ("foreign", "oral", "nothing"):
        visitor.press("/lti/choose/", item=slug)
        assert not ResourceLink.objects.exists()
    answer = visitor.press("/lti/choose/", item="")
    assert answer["Location"] == "/c/course/" and ResourceLink.objects.get().item is None


def test_the_custom_parameter_names_a_column_of_the_course_only(
    visitor: Browser, connected: Any, known_bob: Any, assignment: Any, other_course: Any
) -> None:
    from gradebook.models import GradeItem

    GradeItem.objects.create(course=other_course, slug="foreign", title_en="Foreign")
    custom = f"{CLAIM}custom"
    for slug in ("foreign", "nothing", ["addition"], {"a": 1}):
        assert visitor.launch(**{custom: {"rendu_item": slug}}).status_code == 403
    assert visitor.launch(**{custom: {"rendu_item": "addition"}})["Location"] == "/c/course/e/addition/"
    assert ResourceLink.objects.get().item == assignment.item


def test_a_hidden_assignment_stays_hidden(visitor: Browser, sheet: Any, known_bob: Any, assignment: Any) -> None:
    assignment.visible = False
    assignment.save()
    assert visitor.client.get(visitor.launch()["Location"], secure=True).status_code == 404


def test_nothing_waits(visitor: Browser) -> None:
    for url in ("/lti/identity/", "/lti/connect/", "/lti/choose/"):
        assert visitor.client.post(url, secure=True).status_code == 410
    assert visitor.client.get("/lti/continue/", secure=True).status_code == 410
    assert visitor.client.get("/lti/continue/?ticket=invented", secure=True).status_code == 400
