"""The test LMS, registered, and a browser that comes from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.platform.lti.lms import CLIENT, Browser, Lms


@pytest.fixture(scope="session")
def lms_server() -> Iterator[Lms]:
    server = Lms()
    yield server
    server.close()


@pytest.fixture(scope="session")
def key_pair() -> dict[str, Any]:
    """Made once: to make one takes longer than a test."""
    from lti import keys

    made = keys._make()
    return {"kid": made.kid, "private": made.private, "public": made.public}


@pytest.fixture
def lms(lms_server: Lms, db: None, settings: Any, key_pair: dict[str, Any]) -> Iterator[Lms]:
    from lti import web
    from lti.models import ToolKey

    ToolKey.objects.create(**key_pair)
    settings.LTI_LOOPBACK_HTTP = True
    lms_server.reset()
    lms_server.tool_keys = [key_pair["public"]]
    yield lms_server
    assert lms_server.faults == []
    web.close()
    cache.clear()


@pytest.fixture
def registered(lms: Lms) -> Any:
    """The LMS as a superuser has registered it."""
    from lti.models import Platform

    platform = Platform(
        name="Test LMS",
        issuer=lms.url,
        client_id=CLIENT,
        deployments="1\n2",
        auth_url=f"{lms.url}/auth",
        token_url=f"{lms.url}/token",
        jwks_url=f"{lms.url}/jwks",
    )
    platform.full_clean()
    platform.save()
    return platform


@pytest.fixture
def visitor(lms: Lms, registered: Any, client: Client) -> Browser:
    return Browser(client, lms)


@pytest.fixture
def connected(registered: Any, course: Any, alice: Any) -> Any:
    """The LMS's course c7, connected with the course by Alice."""
    from lti.models import Context

    return Context.objects.create(
        platform=registered, deployment="1", context_id="c7", title="Neural networks", course=course, linked_by=alice
    )


@pytest.fixture
def sheet(connected: Any, assignment: Any) -> Any:
    """The activity r1, which opens the addition exercise."""
    from lti.models import ResourceLink

    return ResourceLink.objects.create(context=connected, link_id="r1", title="Sheet 1", item=assignment.item)


@pytest.fixture
def known_bob(registered: Any, bob: Any) -> Any:
    """Bob, known to the site as the LMS's bob-1."""
    from lti.models import Identity

    return Identity.objects.create(issuer=registered.issuer, subject="bob-1", user=bob)
