"""Image exercises: who may see which picture, and the pages of a student who writes a prompt for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions, queue
from exercises.models import Assignment, Exercise, Node, Run, RunState, Submission
from exercises.results import student_view, summary
from tests.conftest import make_person
from tests.exercises.image_site import FILES, HIDDEN, RED, make_assignment, make_report, picture, webp
from workers.jobs import BadExercise, ExerciseFiles

PROMPT = "a red ball on a grey square"
EXERCISE = "/c/course/e/red-ball/"


@pytest.fixture
def assignment(course: Any) -> Any:
    return make_assignment(course)


@pytest.fixture
def submission(assignment: Any, bob: Any) -> Any:
    return actions.submit(assignment, bob, PROMPT)


@pytest.fixture
def result(submission: Any, graded: Any) -> Any:
    graded(submission, make_report(submission.run.version))
    submission.run.refresh_from_db()
    return submission


def page(client: Any, user: Any, path: str) -> str:
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def view_of(submission: Any, report: dict[str, Any]) -> dict[str, Any]:
    """The student's view of a report that is stored as it is: not even the recorder has looked at it."""
    Run.objects.filter(pk=submission.run_id).update(state="graded", score=0, max_score=10, report=report)
    submission.run.refresh_from_db()
    return student_view(submission.run)


# ---- The wall --------------------------------------------------------------------------------------------


def test_it_works(result: Any) -> None:
    view = student_view(result.run)
    image = view["image"]
    assert [(p["number"], p["seed"], p["score"], p["best"]) for p in image["pictures"]] == [
        (1, 11, 0.63, True),
        (2, 12, 0.0, False),
        (3, 13, 0.0, False),
    ]
    assert image["pictures"][1]["words"] == ["glacier", "<b>river</b>"]
    assert (image["pictures"][2]["withheld"], image["pictures"][2]["shown"]) == (True, False)
    assert (image["tokens"], image["floor"], image["ceiling"]) == (9, 0.2, 0.8)
    assert image["models"][0]["config"] == {"pipeline": "StableDiffusionPipeline", "dtype": "float32"}
    hidden = view["tests"][1]
    assert (hidden["name"], hidden["message"], hidden["hint"]) == (HIDDEN, None, "Say more.")
    assert hidden["checks"] == [{"check": "similar", "right": 1, "total": 3, "needed": 2}]
    text = json.dumps(view)
    assert RED not in text and "77.25" not in text


def get(client: Any, user: Any, path: str) -> Any:
    client.logout()
    if user is not None:
        client.force_login(user)
    return client.get(path)


def test_a_picture_is_its_owners_and_the_staffs(
    client: Any, result: Any, course: Any, alice: Any, bob: Any, charlie: Any
) -> None:
    emma = make_person("emma@example.org", "Emma", "Roux", course, "student")
    own = f"/s/{result.pk}/"
    for path, kind, data in (
        (f"{own}picture/1.webp", "image/webp", webp()),
        (f"{own}target.png", "image/png", FILES["target.png"]),
    ):
        for user in (bob, alice):
            response = get(client, user, path)
            assert (response.status_code, response["Content-Type"], response.content) == (200, kind, data)
            assert response["X-Content-Type-Options"] == "nosniff" and "no-store" in response["Cache-Control"]
        assert [get(client, user, path).status_code for user in (charlie, emma)] == [404, 404]
        assert get(client, None, path).status_code == 302


@pytest.mark.parametrize("number", [0, 3, 4, 99999999999])
def test_there_is_no_such_picture(client: Any, result: Any, bob: Any, number: int) -> None:
    assert get(client, bob, f"/s/{result.pk}/picture/{number}.webp").status_code == 404


def test_no_picture_before_the_grade(client: Any, submission: Any, bob: Any) -> None:
    report = make_report(submission.run.version)
    Run.objects.filter(pk=submission.run_id).update(report=report)
    assert get(client, bob, f"/s/{submission.pk}/picture/1.webp").status_code == 404


def test_the_target_is_for_those_who_may_open_the_exercise(
    client: Any, assignment: Any, alice: Any, bob: Any, charlie: Any
) -> None:
    path = f"{EXERCISE}target.png"
    assert get(client, bob, path).content == FILES["target.png"]
    assert get(client, charlie, path).status_code == 404
    Assignment.objects.update(opens_at=timezone.now() + timezone.timedelta(days=1))
    assert [get(client, user, path).status_code for user in (bob, alice)] == [404, 200]


def test_code_exercises_have_no_picture(client: Any, bob: Any, request: pytest.FixtureRequest) -> None:
    exercise = request.getfixturevalue("exercise")
    assert "image" not in student_view(Run(version=exercise.published, state="queued"))


@pytest.mark.parametrize(
    "image",
    [
        None,
        "all",
        {"pictures": 7},
        {"pictures": [1, None, {}]},
        {"pictures": [picture(11, 0.5, picture=data) for data in ("", "no base64!", "PHN2Zy8+", 3)]},
        {
            "pictures": [picture(11, 7.0) | {"words": "SECRET", "withheld": "no", "similarity": "x", "seed": [1]}],
            "tokens": "SECRET",
        },
        {"pictures": [picture(11, -1.0, picture="A" * 300_000)], "models": [{"config": {"a": ["SECRET"]}}]},
        {"pictures": [picture(11, 0.5, note="SECRET")] * 1000, "note": "SECRET", "seconds": "SECRET"},
    ],
)
def test_a_malformed_report_breaks_no_page(client: Any, submission: Any, alice: Any, bob: Any, image: Any) -> None:
    view = view_of(submission, make_report(submission.run.version, image=image))
    assert "SECRET" not in json.dumps(view)
    assert len((view["image"] or {"pictures": []})["pictures"]) <= 4
    for user in (alice, bob):
        assert "mark" in page(client, user, f"/s/{submission.pk}/")


# ---- The pages -------------------------------------------------------------------------------------------


def test_the_editor_shows_the_target_and_the_limits(client: Any, assignment: Any, bob: Any) -> None:
    text = page(client, bob, EXERCISE)
    assert f'src="{EXERCISE}target.png?v=1"' in text and "alt=" in text
    for words in ("80 characters", "It is drawn 3 times", "9 of 80 characters", 'data-unit="characters"'):
        assert words in text
    assert "{input}" not in text and "disabled" not in text


def test_the_result_shows_target_and_best_side_by_side(client: Any, result: Any, bob: Any) -> None:
    text = page(client, bob, f"/s/{result.pk}/")
    for words in (f"/s/{result.pk}/target.png", f"/s/{result.pk}/picture/1.webp", "63&nbsp;%", "safety checker"):
        assert words.replace("&nbsp;", " ") in text
    assert "glacier, &lt;b&gt;river&lt;/b&gt;" in text and "<b>river" not in text
    assert "nobody looked for words" in text
    assert f"/s/{result.pk}/picture/3.webp" not in text
    assert "1 of 3 right, 2 needed" in text


def test_a_trial_shows_what_it_drew(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    trial = actions.submit(assignment, bob, PROMPT, public_only=True)
    graded(trial, make_report(trial.run.version, public_only=True))
    text = page(client, bob, f"/s/{trial.pk}/")
    assert "Only the public tests ran" in text and text.count(f"/s/{trial.pk}/picture/1.webp") == 2


def test_a_rejected_prompt_says_why(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    words = {"template": "Your prompt has {characters} characters; this exercise allows {limit}."}
    report = make_report(submission.run.version, verdict="rejected", score=0.0, message="too long")
    report["sentences"] = [words | {"values": {"characters": 90, "limit": 80}}]
    report["image"] |= {"pictures": [], "models": []}
    report["tests"] = [test | {"verdict": "skipped", "points": 0.0, "checks": []} for test in report["tests"]]
    graded(submission, report)
    text = page(client, bob, f"/s/{submission.pk}/")
    assert "Your prompt cannot be used" in text and "90 characters; this exercise allows 80" in text
    assert "could not be loaded" not in text
    submission.run.refresh_from_db()
    assert summary(student_view(submission.run)) == "Your prompt cannot be used, so no test ran."


def test_the_api_tells_the_same(client: Any, result: Any, bob: Any) -> None:
    client.force_login(bob)
    body = client.get(f"/api/submissions/{result.pk}").json()
    assert body["image"]["pictures"][0]["score"] == 0.63
    (described,) = client.get("/api/courses/course/assignments").json()
    assert described["image"] == {
        "max_characters": 80,
        "seeds": [11, 12, 13],
        "size": 256,
        "steps": 4,
        "guidance": 0.0,
        "calibrated": True,
    }


# ---- A scale that nobody has measured, and nodes that cannot draw ----------------------------------------


def test_what_has_no_scale_is_not_accepted_and_nothing_is_lost(client: Any, course: Any, alice: Any, bob: Any) -> None:
    make_assignment(course, calibrated=False)
    text = page(client, bob, EXERCISE)
    assert "cannot be graded yet" in text and "calibrate" not in text and text.count("disabled") == 2
    assert "python -m workers calibrate" in page(client, alice, EXERCISE)
    client.force_login(bob)
    response = client.post(f"{EXERCISE}submit", {"source": PROMPT, "key": "k"})
    assert response.status_code == 409 and PROMPT in response.content.decode()
    assert "has not been measured. Your draft is kept" in response.content.decode()
    assert not Submission.objects.exists()


def node(*runtimes: str) -> None:
    now = timezone.now()
    Node.objects.create(name="n7", queues=["grade.llm"], slots=1, sandbox="FULL", runtimes=runtimes, seen_at=now)


class Pipe:
    """Takes every job."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []

    def publish(self, job: Any, name: str) -> None:
        self.jobs.append(job)


def test_without_an_image_model_it_waits_for_one(client: Any, submission: Any, alice: Any, bob: Any) -> None:
    assert submission.run.queue == "grade.llm"
    node("model:chat")
    pipe: Any = Pipe()
    assert queue.dispatch_once(pipe) == 0
    submission.run.refresh_from_db()
    assert (submission.run.state, submission.run.attempt) == (RunState.QUEUED, 0)
    assert "Waiting for a node with an image model" in page(client, bob, f"/s/{submission.pk}/")
    assert "No node with an image model is there now" in page(client, bob, EXERCISE)
    assert "has no model for the role image" in page(client, alice, f"/s/{submission.pk}/")


def test_with_one_it_waits_its_turn(client: Any, submission: Any, bob: Any) -> None:
    node("model:chat", "model:image")
    pipe: Any = Pipe()
    assert queue.dispatch_once(pipe) == 1
    assert [job.run for job in pipe.jobs] == [str(submission.run_id)]
    Run.objects.filter(pk=submission.run_id).update(state="running")
    assert "one picture after the other" in page(client, bob, f"/s/{submission.pk}/status")


@pytest.mark.parametrize(("target", "said"), [(None, "is missing"), (b"<svg/>", "save it as PNG")])
def test_what_has_no_target_is_not_published(course: Any, target: bytes | None, said: str) -> None:
    exercise = Exercise.objects.create(course=course, slug="bare")
    files = {path: content for path, content in FILES.items() if path != "target.png"}
    actions.save_files(exercise, ExerciseFiles(files | ({"target.png": target} if target else {})))
    with pytest.raises(BadExercise, match=said):
        actions.publish(exercise)
