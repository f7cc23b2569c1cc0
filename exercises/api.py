"""The API of exercises, drafts and submissions. It calls the same actions as the pages and shows the same views."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Header, Router, Schema, Status

from audit.actions import record
from audit.models import AuditEvent
from courses.models import ApiToken, Course
from exercises import actions, imaging, prompting
from exercises.errors import Refused
from exercises.models import Assignment, Draft, Run, RunState, Submission
from exercises.queue import position
from exercises.results import student_view
from gradebook.export import FORMATS
from gradebook.table import build_table

router = Router(tags=["exercises"])


class SubmissionIn(Schema):
    source: str
    public_only: bool = False


class DraftIn(Schema):
    source: str


class Problem(Schema):
    detail: str


def token_course(request: HttpRequest) -> Course | None:
    """The one course that the request's token opens; None for a signed-in browser."""
    auth = getattr(request, "auth", None)
    return auth.course if isinstance(auth, ApiToken) else None


def course_of(request: HttpRequest, slug: str) -> Course:
    """The course, or 404: the same for one that does not exist and one that is not this person's."""
    courses = Course.objects.visible_to(request.user)
    only = token_course(request)
    return get_object_or_404(courses if only is None else courses.filter(pk=only.pk), slug=slug)


def assignment_of(request: HttpRequest, course: str, slug: str) -> Assignment:
    assignments = Assignment.objects.visible_to(request.user).select_related("exercise__published", "item", "course")
    return get_object_or_404(assignments, course=course_of(request, course), slug=slug)


def submission_of(request: HttpRequest, submission: str) -> Submission:
    try:
        key = uuid.UUID(submission)
    except ValueError:
        raise Http404 from None
    found = Submission.objects.visible_to(request.user)
    only = token_course(request)
    if only is not None:
        found = found.filter(assignment__course=only)
    return get_object_or_404(found.select_related("run__version", "assignment__course"), pk=key)


def describe(assignment: Assignment, user: Any) -> dict[str, Any]:
    """One assignment as its student sees it, with the student's own dates."""
    assignment = assignment.dated(user.pk)
    graded = Submission.objects.filter(
        assignment=assignment, student=user, public_only=False, run__state=RunState.GRADED, run__score__isnull=False
    )
    best = graded.order_by("-run__score").values_list("run__score", flat=True).first()
    version = assignment.version
    limits = version.spec.limits if version else None
    return {
        "slug": assignment.slug,
        "title": version.title if version else {"en": assignment.slug},
        "max_score": version.max_score if version else None,
        "opens_at": assignment.opens_at,
        "due_at": assignment.due_at,
        "closes_at": assignment.last_moment,
        "open": assignment.is_open() and version is not None,
        "tries": assignment.tries,
        "tries_left": actions.tries_left(assignment, user),
        "best_score": best,
        "limits": {
            "seconds": limits.seconds,
            "total_seconds": limits.total_seconds,
            "memory_mb": limits.memory_mb,
            "output_kb": limits.output_kb,
        }
        if limits
        else None,
        "prompt": prompting.limits(spec) if (spec := prompting.spec_of(version)) else None,
        "image": imaging.limits(image) if (image := imaging.spec_of(version)) else None,
        "modules": list(version.spec.modules) if version else [],
    }


@router.get("/courses/{course}/assignments", summary="What is open to me")
def list_assignments(request: HttpRequest, course: str) -> list[dict[str, Any]]:
    found = Assignment.objects.visible_to(request.user).filter(course=course_of(request, course))
    return [describe(a, request.user) for a in found.select_related("exercise__published", "item", "course")]


@router.get("/courses/{course}/assignments/{slug}", summary="One assignment, with its statements")
def get_assignment(request: HttpRequest, course: str, slug: str) -> dict[str, Any]:
    assignment = assignment_of(request, course, slug)
    version = assignment.version
    texts = {"statements": version.statements, "starter": version.starter} if version else {}
    return describe(assignment, request.user) | texts


@router.post(
    "/courses/{course}/assignments/{slug}/submissions",
    summary="Hand in a source, or run the public tests on it",
    response={201: dict, 400: Problem, 409: Problem, 413: Problem, 429: Problem},
)
def create_submission(
    request: HttpRequest,
    course: str,
    slug: str,
    body: SubmissionIn,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = "",
) -> Status[dict[str, Any]]:
    assignment = assignment_of(request, course, slug)
    user: Any = request.user
    submission = actions.submit(assignment, user, body.source, public_only=body.public_only, key=idempotency_key)
    # "queued" as when it was accepted, so that the same key gives the same answer.
    return Status(201, {"id": str(submission.pk), "status": "queued", "position": position(submission.run)})


@router.get("/courses/{course}/assignments/{slug}/draft", summary="The autosaved draft")
def get_draft(request: HttpRequest, course: str, slug: str) -> dict[str, Any]:
    assignment = assignment_of(request, course, slug)
    draft = Draft.objects.filter(assignment=assignment, student_id=request.user.pk).first()
    if draft is None:
        return {"source": assignment.version.starter if assignment.version else "", "saved_at": None}
    return {"source": draft.source, "saved_at": draft.saved_at}


@router.put(
    "/courses/{course}/assignments/{slug}/draft",
    summary="Keep a draft",
    response={200: dict, 400: Problem, 413: Problem},
)
def put_draft(request: HttpRequest, course: str, slug: str, body: DraftIn) -> dict[str, Any]:
    user: Any = request.user
    return {"saved_at": actions.save_draft(assignment_of(request, course, slug), user, body.source).saved_at}


@router.get("/submissions/{submission}", summary="Where a submission stands, and its result")
def get_submission(request: HttpRequest, submission: str) -> dict[str, Any]:
    found = submission_of(request, submission)
    run: Run = found.run
    return {"id": str(found.pk), "received_at": found.received_at, "position": position(run)} | student_view(run)


@router.get("/courses/{course}/grades.csv", summary="The gradebook (staff)", response={200: None, 400: Problem})
def get_grades(request: HttpRequest, course: str, format: str = "plain") -> Any:
    taught = Course.objects.taught_by(request.user)
    found = get_object_or_404(taught, pk=course_of(request, course).pk)
    if format not in FORMATS:
        raise Refused(_("This format is not known. Known are: %(formats)s.") % {"formats": ", ".join(FORMATS)})
    chosen = FORMATS[format]
    record(found, request.user, AuditEvent.Kind.EXPORTED, detail=f"{format}, API")
    return HttpResponse(chosen.write(build_table(found)), content_type=chosen.content_type)
