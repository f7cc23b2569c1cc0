"""The publish gate: is an exercise sound, and would its tests notice a mistake?

How it works
------------
`check_exercise` goes through the steps of `gate.py`, each a list of findings in the author's words:

    folder      what can be seen without running anything: TOML, texts in each language, sizes
    listing     tests.py declares its tests in the judge's jail
    reference   full marks, several times, with other random numbers each time
    starter     no point
    wrong       each file in wrong/ gets what its first line says
    repeats     of a prompt: the same texts again and again; it has no mutants
    mutants     small changes to the reference: the tests have to notice nearly all of them

Every run goes through the grader that grades students, in the same jails. A fault of this machine, or a module, GPU or
model that it lacks, is never an exercise's fault, and never counts as a step that held.
"""

from workers.check.crew import Crew
from workers.check.findings import FAILED, HELD, MACHINE, NOT_CHECKED, Finding, Result
from workers.check.gate import Options, check_exercise

__all__ = [
    "FAILED",
    "HELD",
    "MACHINE",
    "NOT_CHECKED",
    "Crew",
    "Finding",
    "Options",
    "Result",
    "check_exercise",
]
