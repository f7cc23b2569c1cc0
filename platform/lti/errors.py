"""What goes wrong between a learning management system (LMS) and this site: three kinds, by whose fault it is."""

from __future__ import annotations


class LtiError(Exception):
    """Root of the tree."""


class BadLaunch(LtiError):
    """A message that is not, or no longer, what a registered platform sent to this browser. Nothing was done.

    `reason` is for the log and for the LMS's administrator; it repeats nothing secret.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAllowed(LtiError):
    """The message is genuine, and the person may not do this; `message` says what to do instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unreachable(LtiError):
    """The platform did not answer, or not now: try again later. `status` is HTTP's, 0 without an answer."""

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status

    @property
    def is_down(self) -> bool:
        """Whether the whole platform is meant, not this one request."""
        return self.status in (0, 429, 502, 503, 504)


class Refused(LtiError):
    """The platform answered with no; the same again would get the same answer. `status` is HTTP's, 0 without one."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail
