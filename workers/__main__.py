"""`python -m workers …`: the command line of the grading workers."""

import sys

from workers.cli import main

if __name__ == "__main__":
    sys.exit(main())
