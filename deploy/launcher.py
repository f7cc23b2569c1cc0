"""The launcher of `make run`: starts the parts, keeps them up, stops them in order.

Theory of operation
    warden ── launcher ── broker, prepare, grader, dispatch, record, site

    The launcher is one loop around `select`: lines of the parts, ends of parts, signals. Every part is in a process
    group of its own and gets SIGTERM from the kernel when the launcher ends in whatever way. That alone would leave
    what ignores SIGTERM, so a warden stands above: the launcher is its child, all orphans become its children, and
    when the launcher is gone it ends every process below it. Should the warden be killed, the launcher gets SIGTERM
    and stops in good order.
"""

from __future__ import annotations

import http.client
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.children import Child
from deploy.options import Options, StartError
from deploy.programs import Plan, Program

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds that the parts of each stop order get after SIGTERM; with the kill they stay below ten together.
STOP_SECONDS = (5.0, 3.0, 1.0)
SLOW_START_SECONDS = 60.0
SAME_KEYPRESS_SECONDS = 0.5


class Launcher:
    def __init__(self, options: Options, plan: Plan) -> None:
        self.options, self.plan = options, plan
        self.children: dict[str, Child] = {}
        self.log_folder = options.state / "log"
        self.ready = False
        self.exit_code = 0
        self._stop_asked: float | None = None
        self._selector = selectors.DefaultSelector()
        self._began = time.monotonic()
        self._said_slow = False
        self._prepared = False

    # ---- Lines -----------------------------------------------------------------------------------------

    def say(self, name: str, text: str) -> None:
        try:
            print(f"{name:>8} | {text}", flush=True)
        except OSError:
            # The terminal is gone or the pipe is closed: the logs still hold everything.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (for the rest of the process)

    # ---- The loop --------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run until a signal or a part that cannot be kept up. Returns the exit code."""
        self.log_folder.mkdir(mode=0o700, exist_ok=True)
        self._clear_old_counters()
        self._catch_signals()
        try:
            for program in (self.plan.broker, self.plan.prepare, self.plan.grading):
                if program is not None:
                    self._start(program)
            while self._stop_asked is None:
                self._turn(0.1 if not self.ready else 1.0)
                self._look_after_children()
                if self._prepared and not self.ready:
                    self._probe()
        except StartError as error:
            self.say("rendu", str(error))
            self.exit_code = 1
        self.stop()
        return self.exit_code

    def _turn(self, seconds: float) -> None:
        """Wait for lines, ends or signals, at most so long; pass lines on."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                os.read(key.fd, 1 << 12)
            elif not key.data.pump():
                self._selector.unregister(key.fd)

    def _look_after_children(self) -> None:
        for child in list(self.children.values()):
            if child.ended():
                self._after_end(child)
            elif child.process is None and time.monotonic() >= child.start_at:
                self._start(child.program)

    def _after_end(self, child: Child) -> None:
        assert child.process is not None
        name, code = child.program.name, child.process.returncode
        self._forget_output(child)
        child.clear()
        if name == self.plan.prepare.name:
            del self.children[name]
            if code:
                raise StartError(f"The database or the course could not be brought up to date: see {self._log(name)}")
            self._prepared = True
            for program in self.plan.site:
                self._start(program)
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not child.note_death():
            raise StartError(f"`{name}` {how}, {child.quick_deaths} times in a row: see {self._log(name)}")
        self.say("rendu", f"{name} {how}; it starts again")

    def _log(self, name: str) -> Path:
        return self.log_folder / f"{name}.log"

    def _start(self, program: Program) -> None:
        child = self.children.setdefault(program.name, Child(program, self.log_folder, self.say))
        try:
            output = child.start()
        except OSError as error:
            raise StartError(f"`{program.command[0]}` cannot be started: {error.strerror}") from None
        self._selector.register(output, selectors.EVENT_READ, child)

    def _forget_output(self, child: Child) -> None:
        output = child.output()
        if output in self._selector.get_map():
            self._selector.unregister(output)

    # ---- Readiness -------------------------------------------------------------------------------------

    def _probe(self) -> None:
        """Ask the site whether work can be done; announce it once."""
        problems = self._problems()
        if problems is None:
            waiting = "the site does not answer yet"
        elif not problems:
            return self._announce("")
        elif set(problems) == {"graders"} and problems["graders"].startswith("NONE"):
            return self._announce(problems["graders"].removeprefix("NONE").lstrip(": "))
        else:
            waiting = "; ".join(problems.values())
        if not self._said_slow and time.monotonic() - self._began > SLOW_START_SECONDS:
            self._said_slow = True
            self.say("rendu", f"still waiting: {waiting}")

    def _problems(self) -> dict[str, str] | None:
        """What /readyz says; None while there is no answer."""
        host = (
            "127.0.0.1" if self.options.host == "0.0.0.0" else "::1" if self.options.host == "::" else self.options.host
        )
        name = self.options.hosts[0].lstrip(".") if self.options.hosts else "localhost"
        connection = http.client.HTTPConnection(host, self.options.port, timeout=2)
        try:
            connection.request("GET", "/readyz", headers={"Host": "localhost" if name == "*" else name})
            return dict(json.loads(connection.getresponse().read())["problems"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return None
        finally:
            connection.close()

    def _announce(self, no_grading: str) -> None:
        self.ready = True
        address = self.options.address
        lines = [f"ready after {time.monotonic() - self._began:.1f} s: open {address}"]
        if self.options.debug:
            lines += [
                "sign in as the instructor alice@example.org or a student, bob@example.org:",
                "choose a demo person on the page; the code appears there and here.",
            ]
        if no_grading:
            lines += [f"grading does not work on this machine yet: {no_grading}"]
        lines += ["Ctrl-C stops everything."]
        for line in lines:
            self.say("rendu", line)

    def _clear_old_counters(self) -> None:
        """Files of counters belong to process ids of the last run; new processes may get the same ids."""
        for path in (self.options.state / "metrics").glob("*.db"):
            path.unlink(missing_ok=True)

    # ---- The end ---------------------------------------------------------------------------------------

    def _catch_signals(self) -> None:
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write)
        self._selector.register(read, selectors.EVENT_READ, None)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in SIGNALS:
            signal.signal(number, lambda number, frame: self._on_signal())

    def _on_signal(self) -> None:
        now = time.monotonic()
        if self._stop_asked is None:
            self._stop_asked = now
        elif now - self._stop_asked > SAME_KEYPRESS_SECONDS:
            # `make` may pass on what the terminal has sent already; a later one is a person's second Ctrl-C.
            self._kill_all()
            os._exit(130)

    def _kill_all(self) -> None:
        for child in self.children.values():
            child.kill_group()
        if self.plan.socket is not None:
            self.plan.socket.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop every part in order, each group within its time, then end what is left."""
        if self._stop_asked is None:
            self._stop_asked = time.monotonic()
        self.say("rendu", "stopping …")
        for order, seconds in enumerate(STOP_SECONDS):
            group = [child for child in self.children.values() if child.program.stop_order == order]
            for child in group:
                child.signal(signal.SIGTERM)
            # The default binds this turn's group; mypy infers no type for such a lambda.
            self._wait(lambda group=group: not any(child.running() for child in group), seconds)  # type: ignore[misc]
            for child in group:
                if child.running():
                    self.say("rendu", f"{child.program.name} did not stop in time and is killed")
                if child.process is not None:
                    self._forget_output(child)
                    child.clear()
        if self.plan.socket is not None:
            self.plan.socket.unlink(missing_ok=True)
            if self.plan.socket.parent != self.options.state:
                self.plan.socket.parent.rmdir()
        self.say("rendu", "stopped")

    def _wait(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self._turn(0.1)
