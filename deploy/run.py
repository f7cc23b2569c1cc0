"""`make run`: checks first, then the site with all its parts, until Ctrl-C."""

from __future__ import annotations

import os
import sys

from deploy.checks import check_port, check_state_folder, check_system, take_lock
from deploy.launcher import Launcher
from deploy.options import StartError, read_options
from deploy.programs import make_plan
from deploy.warden import guard


def main() -> int:
    try:
        check_system()
        options = read_options()
        check_state_folder(options.state)
        lock = take_lock(options)
        check_port(options.host, options.port)
        plan = make_plan(options)
    except StartError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return guard(lambda: Launcher(options, plan).run())
    finally:
        os.close(lock)


if __name__ == "__main__":
    sys.exit(main())
