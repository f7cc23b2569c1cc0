"""Grading, trusted: it owns clocks, kills, caps, points and verdicts, and runs no one's code itself.

How it works
------------
One grade has three processes. The *supervisor* is this one. The *judge* (a jail) runs the author's tests.py and holds
expected values; the *runner* (another jail) holds the student's module. A test's call travels

    judge ── CALL ──> supervisor ── CALL, random question number ──> runner
    judge <── REPLY ── supervisor <── REPLY, same number ──────────── runner

and the supervisor, which never reads the values, counts the student's time while the question is open and the judge's
while it is not. A function among the arguments is called back along the same way. Public tests run first, in a runner
of their own; hidden tests in a fresh one.

The runner can lie about everything but decides nothing. The judge can lie about one test at a time but not about
points, which come from the manifest. What remains for the student is to be right.
"""

from workers.grader.errors import ExerciseFault, JudgeFault, StudentFault
from workers.grader.grader import Grader
from workers.sandbox.errors import MachineFault, SandboxUnavailable

__all__ = ["ExerciseFault", "Grader", "JudgeFault", "MachineFault", "SandboxUnavailable", "StudentFault"]
