"""Language models of a node, behind one small interface.

How it works
------------
A role ("chat", "base") is played by whatever the operator's setting names (`settings`): the bundled weights, a folder,
a Hub id, or a server with OpenAI's interface.

    grader ── Models ── cache ─┬─ LocalBackend ── Unix socket ──> model process (torch lives here alone)
                               └─ RemoteBackend ── HTTP ──> vLLM, llama.cpp, …

One model process serves the whole node. The first grader in need owns it (`server`: a lock, a listening socket and a
thread that starts the process when somebody knocks, and again when it died); the others only knock. The process goes
when nobody has asked for a while, and its memory with it.

Whatever goes wrong here is a ModelFault, a kind of MachineFault: never a grade.
"""

from workers.models.interface import Completion, ModelFacts, ModelFault, NoModel
from workers.models.node import Models
from workers.models.settings import BadSetting

__all__ = ["BadSetting", "Completion", "ModelFacts", "ModelFault", "Models", "NoModel"]
