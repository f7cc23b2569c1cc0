"""`make bench-load`: an exam under load, over HTTP, on SQLite and on PostgreSQL; one line per figure.

python -m deploy.bench_load [--students 300,1000,3000] [--seconds 40] [--databases sqlite,postgresql]

The site runs as in production (gunicorn, DEBUG off). All students start within ten seconds, then save an answer every
ten seconds. Afterwards every answer that the site has acknowledged is looked up in the database. The times of site and
generator are told apart, since both share this machine; a run is only good while neither uses it up.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deploy.children import die_with_parent
from deploy.options import ROOT, free_port, read_options
from deploy.postgres import find_programs, throw_away_server
from deploy.programs import gunicorn_command

START_SECONDS = 60.0


def percentile(values: list[float], share: float) -> float:
    """By nearest rank, in seconds; NaN of nothing."""
    return sorted(values)[max(0, -(-len(values) * int(share * 100) // 100) - 1)] if values else float("nan")


def environment(state: Path, port: int, database: str) -> dict[str, str]:
    """A production-like site, whatever the caller's environment says."""
    dropped = ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "BIND", "EMAIL_URL", "HTTPS", "TRUSTED_PROXIES")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {
        **({"DATABASE_URL": database} if database else {}),
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PORT": str(port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "STATE_DIR": str(state),
    }


def python(env: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"bench-load: {' '.join(words)} failed")
    return done.stdout


@contextmanager
def running_site(env: dict[str, str], state: Path, port: int) -> Iterator[int]:
    options = replace(read_options({**env, "PORT": str(port)}), debug=False, port=port)
    with (state / "site.log").open("wb") as log:
        process = subprocess.Popen(
            gunicorn_command(options),
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    try:
        _wait(process, port, state / "site.log")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"bench-load: the site did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    """Processor time of the site's server and its workers so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in (str(pid), *children):
        # Behind the name, which may hold blanks: user and system time are fields 14 and 15 of the whole line.
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(students: int, seconds: float, database: str) -> dict[str, Any]:
    """One exam; figures by name."""
    state, port = Path(tempfile.mkdtemp(prefix="rendu-load-")), free_port()
    env = environment(state, port, database)
    sessions, told = state / "sessions.json", state / "told.json"
    acknowledged = state / "acknowledged.json"
    try:
        python(env, "deploy.load_people", "prepare", str(students), str(sessions))
        with running_site(env, state, port) as site:
            before, since = cpu_seconds(site), time.monotonic()
            python(env, "deploy.load_generator", str(port), str(seconds), str(sessions), str(told))
            wall, cpu = time.monotonic() - since, cpu_seconds(site) - before
        result: dict[str, Any] = json.loads(told.read_text())
        acknowledged.write_text(json.dumps(result["acknowledged"]))
        if result["errors"]:
            print((state / "site.log").read_text(errors="replace")[-2000:], file=sys.stderr)
        kept: dict[str, int] = json.loads(python(env, "deploy.load_people", "check", str(acknowledged)))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return result | {"kept": kept["saves"], "lost": kept["lost"], "wall": wall, "site_cpu": cpu}


def report(name: str, students: int, found: dict[str, Any]) -> bool:
    """Print the figures; whether the exam went well: nothing lost, no error."""
    requests = max(1, len(found["saves"]) + len(found["starts"]))
    lines = [
        ("save-p50", percentile(found["saves"], 0.50), "s"),
        ("save-p95", percentile(found["saves"], 0.95), "s"),
        ("start-p50", percentile(found["starts"], 0.50), "s"),
        ("start-p95", percentile(found["starts"], 0.95), "s"),
        ("saves", found["kept"], f"answers ({found['kept'] / found['wall']:.0f} a second)"),
        ("errors", sum(found["errors"].values()), f"requests {found['errors'] or ''}".rstrip()),
        ("lost", found["lost"], "answers"),
        (
            "site-cpu",
            found["site_cpu"] / found["wall"],
            f"cores ({1000 * found['site_cpu'] / requests:.2f} ms a request)",
        ),
        ("generator-cpu", found["cpu"] / found["wall"], f"cores ({1000 * found['cpu'] / requests:.2f} ms a request)"),
    ]
    for figure, value, unit in lines:
        number = f"{value:.3f}" if isinstance(value, float) else str(value)
        print(f"exam-{name}-{students}-{figure} {number} {unit}", flush=True)
    return not found["lost"] and not found["errors"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--students", default="300,1000,3000", help="sizes of the exam")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each run")
    parser.add_argument("--databases", default="sqlite,postgresql")
    words = parser.parse_args()
    well = True
    for name in words.databases.split(","):
        if name == "postgresql" and find_programs() is None:
            print("exam-postgresql skipped: PostgreSQL is not installed")
            continue
        for students in map(int, words.students.split(",")):
            server = throw_away_server() if name == "postgresql" else nullcontext("")
            with server as database:
                found = measure(students, words.seconds, database)
            well = report(name, students, found) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
