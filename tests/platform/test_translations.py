"""French throughout: nothing is left out of the catalogue, and nothing in English reaches a French reader."""

from __future__ import annotations

import datetime
import gettext
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import capfirst

from deploy import messages
from exercises import actions
from exercises.models import Node, Run, RunState
from exercises.results import student_view, translate
from gradebook.actions import set_excused, set_override
from tests.conftest import make_report
from tests.signing import CODE, LOGIN, ask
from workers.grader import sentences as grader
from workers.jobs.sentences import author_words, gettext_noop, sentence
from workers.testkit import CheckFailed, assert_close, assert_equal
from workers.testkit.compare import messages as comparison

pytestmark = pytest.mark.once

FRENCH = {"Accept-Language": "fr"}
PLACE = re.compile(r"\{[A-Za-z_]\w*\}|%\([^)]+\)[sd]|%%")
CODE_SPAN = re.compile(r"`[^`]*`")
TAG = re.compile(r"</?[a-z]+[^>]*>")


@pytest.fixture(scope="module")
def catalog() -> Any:
    return messages.read()


def forms(message: Message) -> list[tuple[str, str]]:
    """(original, translation) of each form."""
    if isinstance(message.id, (list, tuple)):
        # French counts 0 and 1 as one: every form must be able to say the number that the plural says.
        return [(message.id[1], text) for text in message.string]
    return [(str(message.id), str(message.string))]


def pairs(catalog: Any) -> list[tuple[str, str]]:
    return [pair for message in messages.texts(catalog) for pair in forms(message)]


def keys(catalog: Any) -> set[tuple[Any, Any]]:
    return set(by_key(catalog))


def by_key(catalog: Any) -> dict[tuple[Any, Any], Any]:
    """{(context, original): translation}, where plural forms are tuples."""
    return {
        (message.context, tuple(message.id) if isinstance(message.id, list) else message.id): (
            tuple(message.string) if isinstance(message.string, list) else message.string
        )
        for message in messages.texts(catalog)
    }


# ---- The catalogue ---------------------------------------------------------------------------------------


def test_it_works() -> None:
    with translation.override("fr"):
        assert translation.gettext("Not handed in.") == "Pas rendu."
        assert translation.pgettext("verdict", "passed") == "réussi"


def test_every_text_of_the_code_stands_in_the_catalogue_and_no_other(catalog: Any) -> None:
    used = keys(messages.used())
    hint = "call `python -m deploy.messages` and translate what it names"
    assert used - keys(catalog) == set(), hint
    assert keys(catalog) - used == set(), hint


def test_every_text_is_translated(catalog: Any) -> None:
    assert [message.id for message in messages.left(catalog)] == []


def test_the_collector_reads_every_kind_of_source() -> None:
    found = keys(messages.used())
    assert (None, grader.TIMEOUT) in found and (None, grader.VALUE_TYPE) in found  # a string in two parts
    assert (None, comparison.VALUE.part) in found
    assert ("verdict", "passed") in found
    assert (None, "%(code)s is your sign-in code") in found  # a text template
    assert (None, ("%(n)s point", "%(n)s points")) in found


def test_the_collector_misses_no_tag_of_a_template() -> None:
    found = {text for _context, text in keys(messages.used())}
    literal = re.compile(r"""\{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
    templates = [path for path in messages.files() if path.suffix in messages.TEMPLATES]
    texts = [a or b for path in templates for a, b in literal.findall(path.read_text("utf-8"))]
    assert len(texts) > 100
    assert set(texts) - found == set()


def test_plural_forms_are_complete(catalog: Any) -> None:
    assert catalog.num_plurals == 2
    plural = [message for message in messages.texts(catalog) if isinstance(message.id, (list, tuple))]
    assert plural
    assert [message.id for message in plural if len(message.string) != 2 or not all(message.string)] == []


@pytest.mark.parametrize("kind", [PLACE, CODE_SPAN, TAG], ids=["places", "code", "tags"])
def test_what_is_no_prose_stays_as_it_is(catalog: Any, kind: re.Pattern[str]) -> None:
    wrong = [(en, fr) for en, fr in pairs(catalog) if sorted(kind.findall(en)) != sorted(kind.findall(fr))]
    assert wrong == []


def test_the_site_reads_what_the_catalogue_says(catalog: Any) -> None:
    committed = read_mo(io.BytesIO(messages.MO.read_bytes()))
    compiled = read_mo(io.BytesIO(messages.compiled(catalog)))
    assert by_key(committed) == by_key(compiled), "call `python -m deploy.messages`"
    # Another reader than Babel's, the one behind Django.
    read = gettext.GNUTranslations(io.BytesIO(messages.MO.read_bytes()))
    assert read.gettext("Not handed in.") == "Pas rendu."
    assert [read.ngettext("%(n)s point", "%(n)s points", n)[6:] for n in (0, 1, 2)] == ["point", "point", "points"]


def test_french_typography(catalog: Any) -> None:
    prose = [(CODE_SPAN.sub("", fr), fr) for _en, fr in pairs(catalog)]
    assert [fr for text, fr in prose if "'" in text] == [], "the apostrophe is ’"
    # A line may not begin with a mark: the space before it does not break.
    assert [fr for text, fr in prose if re.search(r" [:;!?»]|[^\u202f][;!?]|[^\u00a0]»|«[^\u00a0]", text)] == []


# ---- Sentences about a student's code --------------------------------------------------------------------


def failure(check: Any, *args: Any) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(*args)
    with translation.override("fr"):
        return translate(caught.value.sentences)


def test_a_failed_check_speaks_french() -> None:
    assert failure(assert_equal, -1, 3) == "Obtenu -1, attendu 3."
    assert failure(assert_equal, None, 3) == "La fonction a renvoyé None. Avez-vous oublié `return`\u202f?"
    transposed = failure(assert_close, np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert transposed.endswith("Le tableau est transposé.")
    assert "Valeurs différentes\u00a0: 2 sur 4." in transposed


def test_an_exception_and_an_author_speak_french() -> None:
    raised = grader.raised({"function": "add", "type": "KeyError", "message": "'a'", "line": 3})
    words = author_words({"en": "Think again.", "fr": "Réfléchissez {encore}."})
    with translation.override("fr"):
        assert translate([raised]) == "add a levé KeyError à la ligne 3 de votre fichier\u00a0: 'a'"
        assert translate([words]) == "Réfléchissez {encore}."
        # Prose that no catalogue knows stays as the grader wrote it.
        assert translate([sentence(gettext_noop("{x} is new."), x=1)]) == "1 is new."


# ---- Pages -----------------------------------------------------------------------------------------------

# Words that no French sentence holds, and most English sentences do.
ENGLISH = re.compile(r"\b(?:the|this|that|your|you|and|with|is|are|was|of|not|it|to|for|from|has|have|nothing)\b", re.I)
SPOKEN = ("title", "aria-label", "alt", "placeholder")


class Prose(HTMLParser):
    """What a reader of the page sees, hears, or may be told by its script. Code and what people typed is left out."""

    SILENT = ("script", "style", "pre", "code", "textarea", "template", "math")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.language = ""
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        language = dict(attrs).get("lang")
        if tag == "html":
            self.language = language or ""
        if tag in self.SILENT or language not in (None, self.language):  # in another language, and it says so
            self.silent.append(tag)
        for name, value in () if self.silent else attrs:
            if (name in SPOKEN or name.startswith("data-text-") or name == "data-confirm") and value:
                self.texts.append(value)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.texts.append(" ".join(data.split()))


def prose(response: Any) -> Prose:
    parser = Prose()
    parser.feed(response.content.decode())
    return parser


def in_english(client: Any, paths: list[str], originals: set[str]) -> dict[str, list[str]]:
    """What each page says in English; every page must be there and say that it is French."""
    found = {}
    for path in paths:
        page = client.get(path, headers=FRENCH)
        assert page.status_code in (200, 404), path
        parser = prose(page)
        assert parser.language == "fr", path
        wrong = [text for text in parser.texts if ENGLISH.search(text) or text in originals]
        if wrong:
            found[path] = wrong
    return found


@pytest.fixture
def originals(catalog: Any) -> set[str]:
    """English texts that read otherwise in French, as pages show them. ("course" is also our course's short name.)"""
    return {en for en, fr in pairs(catalog) if en != fr and not PLACE.search(en)} - {"course"}


@pytest.fixture
def work(assignment: Any, bob: Any, alice: Any, graded: Any) -> dict[str, Any]:
    """Bob's work in every state that a page can show, with sentences of the grader's own."""
    Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    mixed = actions.submit(assignment, bob, "def add(a, b):\n    return a - b\n")
    report = make_report(mixed.run.version, {"adds small numbers": "failed"})
    with pytest.raises(CheckFailed) as caught:
        assert_close(np.array([-1.0, 2.0]), np.array([1.0, -2.0]))
    report["tests"][0] |= {"sentences": caught.value.sentences, "difference": caught.value.difference}
    report["tests"][0]["series"] = [{"name": "loss", "x": None, "y": [1.0, 0.5]}]
    graded(mixed, report)
    rejected = actions.submit(assignment, bob, "import os\n")
    report = make_report(rejected.run.version, verdict="rejected", tests=[])
    report["sentences"] = [grader.not_loaded({"kind": "import", "line": 1, "module": "os"}, ("numpy",))]
    graded(rejected, report | {"score": 0.0})
    public = graded(actions.submit(assignment, bob, "x = 1", public_only=True))
    failed = actions.submit(assignment, bob, "x = 2")
    Run.objects.filter(pk=failed.run_id).update(state=RunState.JUDGE_FAILED)
    set_override(assignment.item, bob, Decimal(7), alice, "Recours accepté")
    actions.save_draft(assignment, bob, "x = 3")
    waiting = actions.submit(assignment, bob, "x = 4")
    return {"mixed": mixed, "rejected": rejected, "public": public, "failed": failed, "waiting": waiting}


def test_a_failed_test_is_told_in_french(client: Any, work: dict[str, Any], bob: Any) -> None:
    client.force_login(bob)
    page = client.get(f"/s/{work['mixed'].pk}/", headers=FRENCH).content.decode()
    assert "Le signe est partout l’opposé." in page
    assert "Un bon début" in page
    assert "Tests réussis\u00a0: 1 sur 2." in page
    with translation.override("fr"):
        assert "Le signe est partout l’opposé." in student_view(work["mixed"].run)["tests"][0]["message"]


def test_students_pages_say_nothing_in_english(
    client: Any, work: dict[str, Any], assignment: Any, bob: Any, originals: set[str]
) -> None:
    client.force_login(bob)
    exercise = "/c/course/e/addition/"
    pages = ["/?all", "/join/", "/c/course/", exercise, f"{exercise}history", "/c/course/grades/"]
    pages += [f"/s/{submission.pk}/" for submission in work.values()]
    pages += [f"{exercise}diff?a={work['mixed'].pk}&b={work['rejected'].pk}", "/nowhere/"]
    pages += [reverse("account"), reverse("account_logout")]
    assert in_english(client, pages, originals) == {}


@pytest.mark.parametrize("days", [-30, -1, 1])
def test_every_notice_of_an_exercise_is_french(
    client: Any, assignment: Any, bob: Any, originals: set[str], days: int
) -> None:
    """Not open yet, late, closed, without tries, without a grading node."""
    client.force_login(bob)
    now = timezone.now()
    assignment.due_at, assignment.tries = now + datetime.timedelta(days=days), 1
    assignment.closes_at = now + datetime.timedelta(days=days + 3)
    assignment.save()
    if days > -30:
        actions.submit(assignment, bob, "x = 1")
    assert in_english(client, ["/c/course/", "/c/course/e/addition/"], originals) == {}


def test_signing_in_is_french(bob: Any, originals: set[str]) -> None:
    client = Client(headers=FRENCH)
    assert in_english(client, [LOGIN], originals) == {}
    ask(client, "bob@example.org")
    assert in_english(client, [CODE], originals) == {}
    wrong = prose(client.post(CODE, {"code": "BBBB-BBBB"}))
    assert "Ce n’est pas le bon code. Consultez le message le plus récent et saisissez-le à nouveau." in wrong.texts
    assert str(mail.outbox[0].subject).endswith("est votre code de connexion")
    assert not ENGLISH.search(str(mail.outbox[0].body))


def test_the_staffs_pages_say_nothing_in_english(
    client: Any, work: dict[str, Any], assignment: Any, alice: Any, bob: Any, originals: set[str]
) -> None:
    set_excused(assignment.item, bob, True, alice, "malade")
    client.force_login(alice)
    cell = reverse("gradebook-cell", args=["course", assignment.item.slug, bob.pk])
    pages = ["/c/course/", "/c/course/e/addition/", "/c/course/gradebook/", cell, reverse("mfa_index")]
    pages += [f"/s/{submission.pk}/" for submission in work.values()]
    assert in_english(client, pages, originals) == {}


def admin_pages(request: Any) -> Iterator[str]:
    """Every page of the administration that the asking person may open."""
    yield reverse("admin:index")
    for model, of_model in admin.site._registry.items():
        if not of_model.has_view_permission(request):
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{base}_changelist")
        if of_model.has_add_permission(request):
            yield reverse(f"{base}_add")
        thing = model._default_manager.first()
        if thing is not None:
            yield reverse(f"{base}_change", args=[thing.pk])
            yield reverse(f"{base}_history", args=[thing.pk])


def test_the_administration_says_nothing_in_english(
    client: Any, work: dict[str, Any], alice: Any, originals: set[str], rf: Any
) -> None:
    client.force_login(alice)
    request = rf.get("/")
    request.user = alice
    assert in_english(client, list(admin_pages(request)), originals) == {}


def test_the_administration_shows_no_names_of_the_code(
    client: Any, work: dict[str, Any], alice: Any, catalog: Any, rf: Any
) -> None:
    """A field without words for people is called by its name in the code: at the head of a column, field or filter."""
    words = {str(text) for _context, text in keys(catalog)}
    fields = [field for model in admin.site._registry for field in model._meta.fields]
    with translation.override("en"):
        named = {str(field.verbose_name) for field in fields if field.verbose_name == field.name.replace("_", " ")}
    unnamed = named - words - {"sha256"}
    assert {"seed", "worker", "attempt"} - words <= unnamed  # the list is no empty one
    shown = {label for name in unnamed for label in (name, f"Par {name}", f"{capfirst(name)} :", capfirst(name))}
    client.force_login(alice)
    request = rf.get("/")
    request.user = alice
    for path in admin_pages(request):
        assert shown & set(prose(client.get(path, headers=FRENCH)).texts) == set(), path


def test_a_page_follows_the_browser_and_its_html_says_so(client: Any, db: None) -> None:
    assert prose(client.get(LOGIN, headers={"Accept-Language": "fr-CA,en;q=0.5"})).language == "fr"
    assert prose(client.get(LOGIN, headers={"Accept-Language": "en"})).language == "en"
