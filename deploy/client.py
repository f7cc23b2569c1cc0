"""A student's program: the site's API over HTTP, with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


class ApiError(Exception):
    """The site refused a request; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text[:300]}")
        self.status = status


class Client:
    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        """The answer's JSON. Raises ApiError, OSError."""
        request = urllib.request.Request(
            f"{self._address}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")) from None

    def assignments(self, course: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"courses/{course}/assignments"))

    def submit(self, course: str, assignment: str, source: str, key: str) -> str:
        """Hand in `source`; returns the submission's id. The same key twice is one submission."""
        path = f"courses/{course}/assignments/{assignment}/submissions"
        return str(self.call("POST", path, {"source": source}, Idempotency_Key=key)["id"])

    def submission(self, identity: str) -> dict[str, Any]:
        return dict(self.call("GET", f"submissions/{identity}"))
