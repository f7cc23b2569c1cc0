"""`make worker`: a grading worker on this machine. It needs the broker's address and nothing else of the site."""

from __future__ import annotations

import os
import sys

from deploy.options import StartError, read_options
from deploy.programs import grading_command, grading_environment


def main() -> int:
    redis_url = os.environ.get("REDIS_URL", "").strip()
    if not redis_url:
        print(
            "REDIS_URL is not set: give the broker's address, "
            "`make worker REDIS_URL=redis://user:password@broker:6379/0 QUEUES=grade.cpu,grade.bulk`.",
            file=sys.stderr,
        )
        return 2
    try:
        options = read_options()
    except StartError as error:
        print(error, file=sys.stderr)
        return 2
    os.execve(sys.executable, grading_command(options, "INFO"), grading_environment(redis_url))


if __name__ == "__main__":
    sys.exit(main())
