"""The sandbox of GPU solutions, as far as it can be tried without a GPU: all of its layers, with another device node in
place of the card's, and whole grades in it with a stand-in for the driver."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers.grading import exercise, wait_until
from tests.workers.nvml import GIB, Card, Driver
from workers import cli_doctor
from workers.devices import Devices, Gpu
from workers.grader import Grader, gpus
from workers.grader.errors import StudentFault
from workers.grader.gpus import Keeper
from workers.grader.links import Budget, RunnerLink
from workers.grader.pool import Pool
from workers.grader.probes import GPU_WEAKER, LEAKS, UNTESTED, WEAKER, _call, check_gpu_profile
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.spec import Limits
from workers.sandbox import level
from workers.sandbox.errors import RuntimeMissing, SandboxUnavailable
from workers.sandbox.freeze import host_pid
from workers.sandbox.gpu import HOST_SLACK, MemoryWatch, own_memory
from workers.sandbox.host import Setup, Zygote

pytestmark = pytest.mark.sandbox

LIMITS = Limits(seconds=60.0, total_seconds=200.0, memory_mb=256, processes=32, output_kb=64)
CARD = Gpu(0, 0, "GPU-0", "NVIDIA T4", 16 * GIB)  # without nodes here: the jails see no device
# A driver that this kernel has: its requests come through where those of /dev/null do not.
NODE = "/dev/full"
LOOK = """
import ctypes, fcntl, mmap, os, socket

NORESERVE = 0x4000  # Python names it from 3.13 on

def attempt(what):
    try:
        return str(eval(what))
    except OSError as error:
        return f"{type(error).__name__} {error.errno}"

def request(path):
    return fcntl.ioctl(os.open(path, os.O_RDWR), 0x46C8, b"1")

def reserve(size):
    return len(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE))

def grow(size):
    return len(b"x" * size)
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote(Setup(("numpy",), False, drivers=(NODE,)))
    made.wait_ready()
    yield made
    made.close()


@pytest.fixture
def runner(zygote: Zygote) -> Iterator[RunnerLink]:
    link = RunnerLink(zygote.take("runner"), Budget(LIMITS), ())
    link.start_loading(LOOK, 1)
    link.finish_loading()
    yield link
    link.close()


def attempt(link: RunnerLink, what: str) -> str:
    return str(_call(link, "attempt", what))


def test_it_works(runner: RunnerLink) -> None:
    """What CUDA needs: requests to its own node alone, a /proc of its own, and room in the address space."""
    assert attempt(runner, f"request({NODE!r})") == "OSError 25"  # the driver itself does not know the request
    assert attempt(runner, "request('/dev/null')") == "PermissionError 13"
    assert attempt(runner, "[n for n in os.listdir('/proc') if n.isdigit()]") == "['1']"
    assert attempt(runner, "open('/proc/self/task/1/comm', 'w').write('cuda')") == "4"
    assert attempt(runner, "len(open('/proc/self/maps').read()) > 100") == "True"
    assert attempt(runner, "reserve(1 << 36)") == str(1 << 36)
    assert attempt(runner, "os.memfd_create('x') > 2") == "True"
    assert attempt(runner, "os.makedirs(os.environ['CUPY_CACHE_DIR'])") == "None"


def test_what_stays_closed(runner: RunnerLink) -> None:
    assert attempt(runner, "socket.socket(socket.AF_UNIX).connect('\\0x')") == "PermissionError 1"
    assert attempt(runner, "socket.socket(socket.AF_INET)") == "PermissionError 1"
    assert attempt(runner, "socket.socket(socket.AF_NETLINK)") == "PermissionError 1"
    assert attempt(runner, "os.fork()") == "PermissionError 1"
    assert attempt(runner, "open('/proc/sys/kernel/core_pattern', 'w')") == "PermissionError 13"
    assert attempt(runner, "open('/sys/devices/x', 'w')").startswith(("OSError 30", "PermissionError 13"))
    assert attempt(runner, "os.listdir('/dev/shm') == os.listdir('/box')") == "True"
    assert attempt(runner, "open('/etc/passwd')") == "FileNotFoundError 2"


def test_every_attempt_of_the_doctor_in_this_profile() -> None:
    pool = Pool(allow_reduced=False, spares=False)
    try:
        rows = check_gpu_profile(pool, CARD)
        assert pool.gpu is None
    finally:
        pool.close()
    assert [row for row in rows if row.result == LEAKS] == []
    assert {row.attempt for row in rows if row.result == WEAKER} <= set(GPU_WEAKER)
    assert len(rows) > 40


def test_memory_is_watched_where_no_cgroup_is(runner: RunnerLink) -> None:
    watch = MemoryWatch(runner.jail, 300 << 20)
    watch.start()
    assert _call(runner, "grow", 50 << 20) == 50 << 20
    assert own_memory(host_pid(runner.jail)) < 300 << 20
    with pytest.raises(StudentFault) as caught:
        _call(runner, "grow", 2 << 30)
    assert caught.value.verdict == "memory"
    watch.join(10)
    assert not watch.is_alive()


def test_the_watch_ends_with_its_jail(runner: RunnerLink) -> None:
    watch = MemoryWatch(runner.jail, 300 << 20)
    watch.start()
    runner.close()
    watch.join(10)
    assert not watch.is_alive()


def test_a_module_that_calls_the_driver_while_it_is_imported_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA keeps its nodes open, and does not survive a fork."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        packages = Path(folder) / "site-packages"
        packages.mkdir()
        (packages / "eager.py").write_text(f"import os\nfd = os.open({NODE!r}, os.O_RDWR)\n")
        for path in (folder, packages):
            os.chmod(path, 0o755)
        monkeypatch.syspath_prepend(str(packages))
        broken = Zygote(Setup(("numpy", "eager"), False, drivers=(NODE,)))
        try:
            with pytest.raises(RuntimeMissing, match="eager, numpy|numpy, eager"):
                broken.wait_ready()
        finally:
            broken.close()


def test_reduced_runs_nothing_on_a_gpu() -> None:
    pool = Pool(allow_reduced=False, spares=False)
    try:
        pool.level, pool.reduced_because = level.REDUCED, "no namespaces here"
        with pytest.raises(SandboxUnavailable, match="FULL only: no namespaces here"):
            pool.zygote(("numpy",), False, CARD)
    finally:
        pool.close()


def test_a_profile_that_cannot_start_is_a_row_of_the_doctor(tmp_path: Path) -> None:
    pool = Pool(allow_reduced=False, spares=False)
    keeper = Keeper(Devices(Driver(Card())), tmp_path / "gpu", 0.1, lambda minor: ())
    try:
        pool.level, pool.reduced_because = level.REDUCED, "no namespaces here"
        rows = cli_doctor._gpu_rows(pool, keeper)
        facts = cli_doctor.gpu_facts(keeper)
    finally:
        pool.close()
    assert [row.result for row in rows] == [UNTESTED]
    assert "FULL only" in rows[0].detail
    assert facts["GPU 0"] == "NVIDIA T4, 16 GiB: takes jobs"
    assert "weaker than FULL" in facts["GPU sandbox profile"]


# ---- Whole grades --------------------------------------------------------------------------------------------

TESTS = """
@test("doubles", points=4, public=True)
def doubles(solution, rng):
    x = rng.normal(size=9)
    assert_close(solution.double(x), 2 * x)

@test("where", points=6)
def where(solution, rng):
    assert_equal(solution.where(), "gpu")
"""
SOLUTION = """
import os

def double(x):
    return x + x

def where():
    return "gpu" if "CUPY_CACHE_DIR" in os.environ else "cpu"
"""


def on(device: str, solution: str = SOLUTION, modules: tuple[str, ...] = ("numpy",), **options: Any) -> ExerciseFiles:
    made = exercise(TESTS, solution, modules=modules, **options)
    toml = made.files["exercise.toml"].replace(b'kind = "code"', f'kind = "code"\ndevice = "{device}"'.encode())
    return ExerciseFiles(made.files | {"exercise.toml": toml})


@pytest.fixture
def with_cards(tmp_path: Path) -> Iterator[Callable[..., Grader]]:
    made: list[Grader] = []

    def start(*cards: Card, missing: str = "") -> Grader:
        grader = Grader()
        grader.gpus = Keeper(Devices(Driver(*cards, missing=missing)), tmp_path / "gpu", 0.2, lambda minor: ())
        made.append(grader)
        return grader

    yield start
    for grader in made:
        grader.close()


def test_a_grade_in_the_gpu_profile(with_cards: Callable[..., Grader]) -> None:
    grader = with_cards(Card())
    report = grader.grade(on("gpu"), SOLUTION, seed=1)
    assert (report["verdict"], report["score"]) == ("passed", 10), report["staff"]
    facts = report["sandbox"]
    assert (facts["profile"], facts["device"], facts["throttled"]) == ("gpu", "NVIDIA T4", [])
    assert grader._pool.gpu is None
    # A second one comes from the spares; an ordinary exercise beside it gets the ordinary, stronger jail.
    assert grader.grade(on("gpu"), SOLUTION, seed=2)["score"] == 10
    plain = grader.grade(on("cpu"), SOLUTION, seed=3)
    assert plain["score"] == 4
    assert "profile" not in plain["sandbox"]
    assert {"gpu:NVIDIA T4"} <= set(grader.describe()["devices"])


def test_without_a_gpu_the_machine_is_at_fault_and_says_why(with_cards: Callable[..., Grader]) -> None:
    grader = with_cards(missing="Driver Not Loaded")
    made = on("gpu")
    report = grader.grade(made, SOLUTION, seed=1)
    assert (report["verdict"], report["sandbox"]["machine_fault"]) == ("error", True)
    assert report["staff"] == "the NVIDIA driver is missing: Driver Not Loaded"
    assert report["version"] == made.version  # or the site would refuse the report
    assert grader.grade(on("cpu"), SOLUTION, seed=1)["score"] == 4


def test_either_device(with_cards: Callable[..., Grader], monkeypatch: pytest.MonkeyPatch) -> None:
    """`any` with a GPU's module runs on a card where there is one, else on the processor, without CuPy."""
    monkeypatch.setattr(gpus, "LIBRARIES", {"numpy": "NumPy"})
    monkeypatch.setattr(gpus, "RUNTIME_NAMES", {"numpy": "numpy-gpu"})
    assert with_cards(Card()).grade(on("any"), SOLUTION, seed=1)["score"] == 10
    assert with_cards(missing="no driver").grade(on("any"), SOLUTION, seed=1)["score"] == 4
    report = with_cards(missing="no driver").grade(on("any", modules=("numpy", "cupy")), SOLUTION, seed=1)
    assert report["score"] == 4, report["staff"]


def test_a_solution_that_outgrows_its_memory(with_cards: Callable[..., Grader]) -> None:
    grader = with_cards(Card())
    size = HOST_SLACK + (800 << 20)  # beyond what 256 MiB and the slack of a CUDA context allow
    greedy = SOLUTION + f"\n\ndef double(x):\n    return b'x' * {size} and x\n"
    report = grader.grade(on("gpu", seconds=60, total=200, memory=256), greedy, seed=1, public_only=True)
    assert report["tests"][0]["verdict"] == "memory", report["tests"]


def test_a_leak_takes_the_card_out(with_cards: Callable[..., Grader]) -> None:
    card = Card()
    grader = with_cards(card)
    ask = grader.gpus.devices._given.nvmlDeviceGetTemperature

    def leak(*words: Any) -> int:  # asked again at the end of the job: by then something has been left behind
        if grader._pool.gpu is None and grader._pool._zygotes.keys() & {(("numpy",), False, 0)}:
            card.used = 5 * GIB
        return int(ask(*words))

    grader.gpus.devices._given.nvmlDeviceGetTemperature = leak
    assert grader.grade(on("gpu"), SOLUTION, seed=1)["score"] == 10
    assert grader.describe()["devices"][1].startswith("quarantined:NVIDIA T4: ")
    report = grader.grade(on("gpu"), SOLUTION, seed=2)
    assert (report["verdict"], report["sandbox"]["machine_fault"]) == ("error", True)
    card.used = 300 << 20
    assert grader.grade(on("gpu"), SOLUTION, seed=3)["score"] == 10


def test_spares_wait_without_the_card(with_cards: Callable[..., Grader]) -> None:
    """They have their imports done and nothing else: the lease is free between grades."""
    card = Card()
    grader = with_cards(card)
    grader.grade(on("gpu"), SOLUTION, seed=1)
    zygote = grader._pool._zygotes[("numpy",), False, 0]
    assert wait_until(lambda: len(zygote._spares["runner"]) == 2)
    with grader.gpus.lease(on("gpu").spec()) as gpu:
        assert gpu.name == "NVIDIA T4"


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (WITHOUT_MODELS=1)")
@pytest.mark.torch
def test_torch_starts_in_the_profile_and_calls_no_driver(
    with_cards: Callable[..., Grader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "library_problem", lambda name: "")  # this one may be without CUDA
    grader = with_cards(Card())
    source = SOLUTION + "\nimport torch\n\ndef double(x):\n    return torch.as_tensor(x) * 2\n"
    made = on("gpu", source, modules=("numpy", "torch"), seconds=60, total=200, memory=1024)
    report = grader.grade(made, source, seed=1)
    assert (report["verdict"], report["score"]) == ("passed", 10), report["staff"]
