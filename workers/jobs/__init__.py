"""What the site and the grading workers exchange: jobs, reports, exercise bundles. Standard library only."""

from workers.jobs.bundle import ExerciseFiles, pack, read_folder, unpack, write_folder
from workers.jobs.messages import MAX_MESSAGE_BYTES, SCHEMA, BadMessage, Beat, Job, NodeHello, Report
from workers.jobs.spec import BadExercise, ExerciseSpec, Limits, parse_spec

__all__ = [
    "MAX_MESSAGE_BYTES",
    "SCHEMA",
    "BadExercise",
    "BadMessage",
    "Beat",
    "ExerciseFiles",
    "ExerciseSpec",
    "Job",
    "Limits",
    "NodeHello",
    "Report",
    "pack",
    "parse_spec",
    "read_folder",
    "unpack",
    "write_folder",
]
