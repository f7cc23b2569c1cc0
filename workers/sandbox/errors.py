"""Errors of the sandbox. All of them are the machine's fault, never the student's or the exercise's.

MachineFault
├── SandboxUnavailable   this kernel or container does not allow the jails; the text says what to change
├── RuntimeMissing       a module that the exercise needs cannot be imported on this node
└── ZygoteLost           the process that makes the jails has ended
"""

from __future__ import annotations


class MachineFault(Exception):
    """This node cannot grade now. The text is one sentence that says what to do."""


class SandboxUnavailable(MachineFault):
    """No jail, no grading: the kernel refuses a layer that the sandbox needs."""


class RuntimeMissing(MachineFault):
    """A module of the exercise is not installed on this node."""


class ZygoteLost(MachineFault):
    """The zygote ended while it was needed."""
