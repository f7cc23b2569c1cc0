"""A launch as this site understands it: read once from verified claims, every type checked, the rest left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from lti.errors import BadLaunch
from lti.models import ID_LENGTH, URL_LENGTH

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
DEEP_LINK = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
VERSION = "1.3.0"
ITEM = "rendu_item"  # the custom parameter that our own content items carry: a column's short name


class Part(StrEnum):
    """What somebody is in the course of the LMS."""

    STUDENT = "student"
    ASSISTANT = "assistant"
    TEACHER = "teacher"
    OTHER = "other"  # observers, mentors, nobody


class Message(StrEnum):
    RESOURCE = "LtiResourceLinkRequest"
    DEEP_LINK = "LtiDeepLinkingRequest"


# Roles in the course only. Who administers the whole LMS, or teaches at the institution, is nobody here by that.
TEACHING = {"Instructor", "Administrator"}


def part_of(roles: Iterable[str]) -> Part:
    """The strongest role in the course itself; sub-roles of Instructor are at most assistants."""
    names, inner = set(), set()
    for role in roles:
        kind, _, name = role.rpartition("#")
        if kind in ("", MEMBERSHIP):  # a bare name stands for a role in the course
            names.add(name)
        elif kind.startswith(f"{MEMBERSHIP}/"):
            inner.add((kind.removeprefix(f"{MEMBERSHIP}/"), name))
    if ("Instructor", "TeachingAssistant") in inner:
        return Part.ASSISTANT  # Canvas and others send Instructor beside it
    if names & TEACHING:
        return Part.TEACHER
    return Part.STUDENT if "Learner" in names else Part.OTHER


@dataclass(frozen=True)
class Launch:
    """One verified message of a platform, in plain values: it waits in the session while somebody signs in."""

    platform: int
    issuer: str
    subject: str
    message: str
    deployment: str
    context: str  # id of the LMS's course
    context_title: str = ""
    link: str = ""  # id of the activity; empty when content is to be chosen
    link_title: str = ""
    part: str = Part.OTHER
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    email: str = ""
    item: str = ""  # custom parameter: the short name of a column
    line_item: str = ""
    line_items: str = ""
    scopes: list[str] = field(default_factory=list)
    return_url: str = ""  # where a choice of content goes
    data: str = ""  # to be given back with it
    several: bool = False  # whether more than one content item may be chosen
    columns: bool = True  # whether content items may bring a column
    again: bool = False  # a second window, opened because the first one kept no cookies
    taken_at: float = 0.0

    @property
    def teaches(self) -> bool:
        return self.part in (Part.TEACHER, Part.ASSISTANT)

    @property
    def choosing(self) -> bool:
        return self.message == Message.DEEP_LINK

    @property
    def shown_name(self) -> str:
        return self.name or f"{self.given_name} {self.family_name}".strip() or self.email or self.subject

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _text(source: Any, name: str, most: int) -> str:
    """A text of at most `most` printable characters; anything else counts as absent.

    Control characters and lone surrogates would be errors of the database.
    """
    value = source.get(name) if isinstance(source, dict) else None
    if not isinstance(value, str):
        return ""
    return "".join(c for c in " ".join(value.split()) if c.isprintable())[:most]


def _identifier(source: Any, name: str, what: str) -> str:
    """Compared letter by letter, so never shortened. Raises BadLaunch."""
    value = source.get(name) if isinstance(source, dict) else None
    if not isinstance(value, str) or not value.strip() or len(value) > ID_LENGTH or not value.isprintable():
        raise BadLaunch(f"the message has no usable {what}")
    return value


def _url(source: Any, name: str) -> str:
    value = source.get(name) if isinstance(source, dict) else None
    return value if isinstance(value, str) and len(value) <= URL_LENGTH and value.isprintable() else ""


def _list(source: Any, name: str) -> list[str]:
    value = source.get(name) if isinstance(source, dict) else None
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, str) and entry.isprintable()][:100]


def read(claims: dict[str, Any], platform: int, **known: Any) -> Launch:
    """The launch in a verified ID token. Raises BadLaunch: another version or message, something missing."""
    if claims.get(f"{CLAIM}version") != VERSION:
        raise BadLaunch(f"the message is not of LTI {VERSION}")
    message = claims.get(f"{CLAIM}message_type")
    if message not in set(Message):
        raise BadLaunch("this kind of message is not supported")
    context, link = claims.get(f"{CLAIM}context"), claims.get(f"{CLAIM}resource_link")
    grades = claims.get(AGS)
    wanted = claims.get(f"{DEEP_LINK}deep_linking_settings")
    choosing = message == Message.DEEP_LINK
    if choosing and "ltiResourceLink" not in _list(wanted, "accept_types"):
        raise BadLaunch("the LMS takes no links to activities here")
    return Launch(
        platform=platform,
        issuer=_identifier(claims, "iss", "issuer"),
        subject=_identifier(claims, "sub", "subject: anonymous launches are not supported"),
        message=message,
        deployment=_identifier(claims, f"{CLAIM}deployment_id", "deployment"),
        context=_identifier(context, "id", "course (context)"),
        context_title=_text(context, "title", 300) or _text(context, "label", 300),
        link="" if choosing else _identifier(link, "id", "activity (resource link)"),
        link_title=_text(link, "title", 300),
        part=part_of(_list(claims, f"{CLAIM}roles")),
        given_name=_text(claims, "given_name", 150),
        family_name=_text(claims, "family_name", 150),
        name=_text(claims, "name", 300),
        email=_text(claims, "email", 254).lower(),
        item=_text(claims.get(f"{CLAIM}custom"), ITEM, 100),
        line_item=_url(grades, "lineitem"),
        line_items=_url(grades, "lineitems"),
        scopes=_list(grades, "scope"),
        return_url=_url(wanted, "deep_link_return_url"),
        data=_data(wanted),
        several=isinstance(wanted, dict) and wanted.get("accept_multiple") is True,
        columns=not (isinstance(wanted, dict) and wanted.get("accept_lineitem") is False),
        **known,
    )


def _data(wanted: Any) -> str:
    """Given back letter by letter, so refused rather than shortened. Raises BadLaunch."""
    value = wanted.get("data", "") if isinstance(wanted, dict) else ""
    if not isinstance(value, str) or len(value) > 8 << 10:
        raise BadLaunch("the data of the content selection is too long")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise BadLaunch("the data of the content selection is not text")
    return value
