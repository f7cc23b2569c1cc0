"""Other users and other kernels: the full sandbox without root, no sandbox without namespaces, REDUCED only when asked.

What a machine forbids is really forbidden to the process under test: by a limit on user namespaces inside a new one, or
by a system call filter such as containers have.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.workers.grading import ATTACKS

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
SITE = [path for path in sys.path if path.endswith("site-packages")]


def _plain_python() -> str | None:
    """An interpreter of this version that an ordinary user can run (ours may lie below root's home)."""
    for python in (sys.executable, "/usr/bin/python3", f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        # Run again by its own name: the first start can owe its rights to root's, which exec then takes away.
        again = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', 'import sys']).returncode)"
        command = [*USER, python, "-c", f"import sys; print(sys.version_info[:2], flush=True); {again}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd="/")
        except OSError:
            continue
        if done.returncode == 0 and done.stdout.strip() == str(tuple(sys.version_info[:2])):
            return python
    return None


_USER = "setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --no-new-privs"
USER = tuple(_USER.split())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def user_checkout():
    """A copy that any user can read; not below pytest's folder, which every new run of it closes to others."""
    copy = Path(tempfile.mkdtemp(prefix="rendu-test-", dir="/var/tmp"))
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "workers", copy / "workers", ignore=ignore)
    shutil.copytree(Path(__file__).parent, copy / "tests" / "workers", ignore=ignore)
    (copy / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib -p no:django -p no:cacheprovider\npythonpath = .\n"
    )
    subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def as_user(user_checkout):
    """Runs `python …` as uid 65534 in that copy."""
    if shutil.which("setpriv") is None or (python := _plain_python()) is None:
        pytest.skip("no setpriv, or no Python of this version that another user can run")
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(SITE), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

    def run(*arguments: str, user: tuple[str, ...] = USER, timeout: float = 100) -> subprocess.CompletedProcess[str]:
        command = [*user, python, *arguments]
        return subprocess.run(
            command, cwd=user_checkout, env=environment, capture_output=True, text=True, timeout=timeout
        )

    return run


DOCTOR = ("-m", "workers", "doctor", "--no-models")
EXERCISE = "tests/workers/attacks/exercise"
GRADE = ("-m", "workers", "grade", EXERCISE, f"{EXERCISE}/solution.py")


@needs_root
def test_an_ordinary_user_has_the_full_sandbox(as_user):
    done = as_user(*DOCTOR)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sandbox level FULL" in done.stdout and "LEAKS" not in done.stdout
    assert as_user(*GRADE).returncode == 0


@pytest.fixture(scope="module")
def suite_as_user(as_user):
    """Runs tests of this folder again, in one process of that user."""

    def run(*arguments: str) -> int:
        """How many tests passed; all must."""
        done = as_user("-m", "pytest", "-c", "pytest.ini", "--rootdir", ".", "-q", *arguments, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        return int(re.findall(r"(\d+) passed", done.stdout)[0])

    return run


@needs_root
def test_the_grading_tests_hold_for_an_ordinary_user(suite_as_user):
    tests = ["tests/workers/test_hostile_judge.py", "tests/workers/test_source_texts.py"]
    assert suite_as_user("-k", "fair or loads or sees or listing or passes", *tests) > 20


@needs_root
def test_an_ordinary_user_has_the_sandbox_of_gpu_solutions(suite_as_user):
    assert (
        suite_as_user("tests/workers/test_gpu_profile.py", "-k", "it_works or stays_closed or in_the_gpu_profile") == 3
    )


@needs_root
@pytest.mark.timeout(300)
def test_no_attack_succeeds_against_an_ordinary_users_grader(suite_as_user):
    """As root they run in `test_attacks.py`; here in one process and one grader of that user."""
    files = list(ATTACKS.glob("*.py"))
    assert suite_as_user("tests/workers/test_attacks.py") == len(files) + 1


@needs_root
def test_a_python_that_jails_cannot_read_is_named(as_user, user_checkout):
    """REDUCED as root: the unused uid meets a library folder that only root may enter."""
    locked = user_checkout / "locked" / "site-packages"
    locked.mkdir(parents=True)
    locked.parent.chmod(0o700)
    start = f"import sys; sys.path.append({str(locked)!r}); from workers.cli import main; sys.exit(main(sys.argv[1:]))"
    as_root = functools.partial(as_user, user=())
    done = without("limit", ("-c", start, *GRADE[2:], "--allow-reduced"), as_root)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "cannot read this Python installation" in done.stderr and str(locked) in done.stderr


# ---- no namespaces ------------------------------------------------------------------------------------------------

# Runs a command in a new user namespace, with all ids as root, in which no further one can be made.
LIMIT = """
import ctypes, os, sys
ready, mapped = os.pipe(), os.pipe()
child = os.fork()
if not child:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b"x")
    os.read(mapped[0], 1)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.execv(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
root = os.geteuid() == 0
for name in ("uid", "gid"):
    if name == "gid" and not root:
        open(f"/proc/{child}/setgroups", "w").write("deny")
    row = "0 0 4294967295" if root else f"0 {os.geteuid() if name == 'uid' else os.getegid()} 1"
    open(f"/proc/{child}/{name}_map", "w").write(row)
os.write(mapped[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
# Runs a command to which `unshare` and `mount` answer EPERM, as under a container's default filter.
FILTER = """
import ctypes, os, struct, sys
sys.path.insert(0, os.getcwd())
from workers.sandbox import kernel, seccomp, syscalls
rows = [(seccomp.LOAD, 0, 0, seccomp.OFFSET_NR)]
for name in ("unshare", "mount"):
    rows += [(seccomp.JUMP_EQUAL, 0, 1, syscalls.number(name)), (seccomp.RETURN, 0, 0, seccomp.EPERM)]
rows.append((seccomp.RETURN, 0, 0, seccomp.ALLOW))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.syscall("seccomp", 1, 0, struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code)))
os.execv(sys.argv[1], sys.argv[1:])
"""
WAYS = {"limit": LIMIT, "filter": FILTER}
ADVICE = {"limit": "sysctl -w user.max_user_namespaces=", "filter": "--security-opt seccomp=unconfined"}


@pytest.fixture(params=["root", "user"])
def someone(request):
    """Runs `python …` as root or as an ordinary user."""
    as_user = request.getfixturevalue("as_user")
    return as_user if request.param == "user" else functools.partial(as_user, user=())


def without(way: str, command: tuple[str, ...], run: Any) -> subprocess.CompletedProcess[str]:
    """`command` where namespaces are switched off in this way."""
    python = run("-c", "import sys; print(sys.executable)")
    assert python.returncode == 0, python.stderr
    return run("-c", WAYS[way], python.stdout.strip(), *command)


@needs_root
@pytest.mark.parametrize("way", WAYS)
def test_grading_is_refused_with_what_to_do(someone, way):
    done = without(way, GRADE, someone)
    assert done.returncode == 2, done.stdout + done.stderr
    assert ADVICE[way] in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "passed" not in done.stdout


@needs_root
@pytest.mark.parametrize("way", WAYS)
def test_the_doctor_says_what_to_do(someone, way):
    done = without(way, DOCTOR, someone)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(r"^sandbox level +NONE$", done.stdout, re.MULTILINE)
    assert ADVICE[way] in done.stderr and "Traceback" not in done.stderr


@needs_root
@pytest.mark.parametrize("way", WAYS)
def test_reduced_only_when_allowed_and_said_in_each_report(someone, way):
    done = without(way, (*GRADE, "--json", "--allow-reduced"), someone)
    if "Landlock ABI" in done.stderr:
        pytest.skip("this kernel's Landlock is too old for the level REDUCED")
    assert done.returncode == 0, done.stdout + done.stderr
    sandbox = json.loads(done.stdout)["sandbox"]
    assert sandbox["level"] == "REDUCED" and ADVICE[way] in sandbox["reduced_because"]
    assert not sandbox["machine_fault"]
    done = without(way, (*DOCTOR, "--allow-reduced"), someone)
    assert done.returncode == 1 and "LEAKS" not in done.stdout and "REDUCED" in done.stdout, done.stdout
