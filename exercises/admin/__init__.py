"""The admin's pages of exercises: the authors' workplace, and what the graders have found."""

from exercises.admin import assignment, exercise, nodes, runs, version

__all__ = ["assignment", "exercise", "nodes", "runs", "version"]
