"""`make bench-regrade`: a regrade of a large class, with the real broker and workers; one line per figure.

python -m deploy.bench_regrade [--submissions 1000] [--live 30] [--every 1.0] [--exercise DIR]

A site as in production grades the class with a version of which one test is wrong. Live students then hand in one by
one, first alone, then while every submission is graded again with the corrected version. The regrade is started,
looked at, applied and undone on its page, as an instructor does it. Exit 0 only when undoing has brought back every
cell and has kept every event, and no live submission was lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deploy.bench_load import environment, percentile, python
from deploy.children import die_with_parent
from deploy.client import ApiError, Client
from deploy.options import ROOT, free_port, read_options
from deploy.programs import Program, make_plan
from deploy.regrade_course import COURSE

EXERCISE = ROOT / "exercises" / "catalog" / "activation-derivatives"
START_SECONDS, REGRADE_SECONDS = 60.0, 1800.0
LOOK_EVERY = 1.0  # seconds between two looks at the preview, fewer than the page's own three
# Django compares the form's token with the cookie's: any text of this length will do.
CSRF = "a" * 32


class BenchError(Exception):
    """The measurement cannot go on; the text says what was seen."""


# ---- The site ----------------------------------------------------------------------------------------------------


@contextmanager
def running(program: Program, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=program.umask,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_site(state: Path, port: int) -> Iterator[None]:
    """Broker, graders, dispatcher, recorder and site, ended in the opposite order."""
    options = replace(read_options({"PORT": str(port), "STATE_DIR": str(state)}), debug=False, port=port, redis_url="")
    plan = make_plan(options)
    with ExitStack() as stack:
        for program in (plan.broker, *plan.site, plan.grading):
            assert program is not None  # no broker was named, so the plan has one
            process = stack.enter_context(running(program, state / f"{program.name}.log"))
            if program is plan.broker:
                _wait_for(lambda: bool(plan.socket and plan.socket.exists()), process, state / "broker.log")
        yield


def _wait_for(done: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


# ---- The instructor ----------------------------------------------------------------------------------------------


@dataclass
class Page:
    """The regrade page, as the instructor's browser asks for it."""

    port: int
    session: str
    path: str

    def ask(self, method: str = "GET", end: str = "", **data: str) -> tuple[float, str, bool]:
        """Seconds, text, and whether the page wants to be asked again. Raises BenchError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={CSRF}"}
        if method == "POST":
            data |= {"csrfmiddlewaretoken": CSRF}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        since = time.monotonic()
        try:
            connection.request(method, self.path + end, urlencode(data) if data else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status not in (200, 302):
            raise BenchError(f"{method} {self.path}{end}: HTTP {answer.status}\n{text[:500]}")
        return time.monotonic() - since, text, "X-Poll-After" in answer.headers

    def press(self, action: str, **data: str) -> float:
        return self.ask("POST", action=action, **data)[0]

    def number(self) -> str:
        """The regrade whose buttons are on the page. Raises BenchError."""
        found = re.search(r'name="regrade" value="(\d+)"', self.ask()[1])
        if not found:
            raise BenchError("the page shows no regrade")
        return found[1]


# ---- The students ------------------------------------------------------------------------------------------------


@dataclass
class Live:
    """Students who hand in one by one."""

    address: str
    facts: dict[str, Any]
    every: float
    handed_in: list[str] = field(default_factory=list)
    lost: int = 0

    def hand_in(self, name: str) -> None:
        """One submission of each student, evenly spaced; waits until the last one is graded."""
        for place, token in enumerate(self.facts["tokens"]):
            since = time.monotonic()
            client = Client(self.address, token)
            try:
                identity = client.submit(COURSE, self.facts["slug"], self.facts["source"], f"{name}-{place}")
                self.handed_in.append(identity)
            except (ApiError, OSError) as error:
                print(f"bench-regrade: not accepted: {error}", file=sys.stderr)
                self.lost += 1
            time.sleep(max(0.0, self.every - (time.monotonic() - since)))

    def take(self) -> list[str]:
        taken, self.handed_in = self.handed_in, []
        return taken


# ---- The measurement ---------------------------------------------------------------------------------------------


def measure(words: argparse.Namespace, state: Path) -> dict[str, Any]:
    """Figures by name. Raises BenchError."""
    port = free_port()
    env = environment(state, port, "")
    python(env, "deploy.regrade_course", "prepare")
    with running_site(state, port):
        file = state / "facts.json"
        since = time.monotonic()
        fill = ("fill", str(words.submissions), str(words.live), str(words.exercise), str(file))
        python(env, "deploy.regrade_course", *fill)
        found: dict[str, Any] = {"first": time.monotonic() - since}
        facts = json.loads(file.read_text())
        live = Live(f"http://127.0.0.1:{port}", facts, words.every)
        live.hand_in("alone")
        alone = live.take()
        page = Page(port, facts["staff"], f"/c/{COURSE}/e/{facts['slug']}/regrade/")
        found |= regrade(page, live, partial(look, env, state), words)
        during = live.take()
        waits = look(env, state, "waits")
    found["lost"] = live.lost + sum(name not in waits for name in (*alone, *during))
    for name, handed_in in (("alone", alone), ("during", during)):
        pairs = [waits[identity] for identity in handed_in if identity in waits]
        found |= {f"{name}-wait": [pair[0] for pair in pairs], f"{name}-grade": [pair[1] for pair in pairs]}
    return found


def look(env: dict[str, str], state: Path, what: str) -> dict[str, Any]:
    file = state / f"{what}.json"
    python(env, "deploy.regrade_course", what, str(file))
    return dict(json.loads(file.read_text()))


def regrade(page: Page, live: Live, seen: Any, words: argparse.Namespace) -> dict[str, Any]:
    """Start, hand in meanwhile, look until it is complete, apply, undo."""
    found: dict[str, Any] = {"start": page.press("start", kind="rerun", reason="a test was wrong")}
    since = time.monotonic()
    live.hand_in("during")
    _seconds, _text, waiting = page.ask(end="preview")
    found["overlap"] = waiting
    looks = []
    deadline = since + REGRADE_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            raise BenchError(f"the regrade was not complete after {REGRADE_SECONDS:g} s")
        seconds, _text, waiting = page.ask(end="preview")
        looks.append(seconds)
        time.sleep(LOOK_EVERY)
    found |= {"regraded": time.monotonic() - since, "looks": looks, "preview": [page.ask()[0] for _ in range(5)]}
    before = seen("cells")
    number = page.number()
    found["apply"] = page.press("apply", regrade=number)
    applied = seen("cells")
    found["undo"] = page.press("undo", regrade=number)
    after = seen("cells")
    found["moved"] = sum(a != b for a, b in zip(before["cells"], applied["cells"], strict=True))
    found["not-restored"] = sum(a != b for a, b in zip(before["cells"], after["cells"], strict=True))
    found["events"] = after["events"] - before["events"]
    return found


def report(count: int, found: dict[str, Any]) -> bool:
    """Print the figures; whether all went well."""

    def line(name: str, value: float | int, unit: str) -> None:
        number = f"{value:.3f}" if isinstance(value, float) else str(value)
        print(f"regrade-{count}-{name} {number} {unit}", flush=True)

    line("first-grades", count / found["first"], "submissions a second, listing and hand-in included")
    line("start", found["start"], "s")
    line("regraded", found["regraded"], f"s ({count / found['regraded']:.1f} a second)")
    line("preview", max(found["preview"]), "s (the slowest of five)")
    if found["looks"]:
        line("preview-meanwhile", max(found["looks"]), "s (the slowest while runs are waiting)")
    for what in ("wait", "grade"):
        for share in (0.5, 0.95):
            alone, during = (percentile(found[f"{name}-{what}"], share) for name in ("alone", "during"))
            ratio = f"s ({during / alone:.2f} of the {alone:.3f} s without a regrade)" if alone else "s"
            line(f"live-{what}-p{share * 100:.0f}", during, ratio)
    line("apply", found["apply"], f"s ({found['moved']} cells moved)")
    line("undo", found["undo"], "s")
    line("not-restored", found["not-restored"], "cells")
    line("events", found["events"], "events kept of apply and undo")
    line("lost", found["lost"], "live submissions")
    if not found["overlap"]:
        print("bench-regrade: the regrade was over before the last live submission: use more submissions or fewer live")
    kept = found["moved"] > 0 and found["events"] == 2 * found["moved"]
    return bool(kept and not found["not-restored"] and not found["lost"] and found["overlap"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--submissions", type=int, default=1000, help="size of the class, one submission each")
    parser.add_argument("--live", type=int, default=30, help="live submissions, alone and during the regrade")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two of them")
    parser.add_argument("--exercise", type=Path, default=EXERCISE, help="the exercise's folder")
    words = parser.parse_args()
    for name in ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "BIND", "HTTPS", "QUEUES", "DEBUG", "TRUSTED_PROXIES"):
        os.environ.pop(name, None)
    state = Path(tempfile.mkdtemp(prefix="rendu-regrade-"))
    try:
        found = measure(words, state)
    except BenchError as error:
        print(f"bench-regrade: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return 0 if report(words.submissions, found) else 1


if __name__ == "__main__":
    sys.exit(main())
