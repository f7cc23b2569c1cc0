"""On a real GPU: `make gpu-check` runs these and the benchmarks. Without one they are skipped, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers.grading import exercise, wait_until
from workers.grader import Grader
from workers.grader.gpus import Keeper, library_problem
from workers.grader.pool import Pool
from workers.grader.probes import GPU_WEAKER, LEAKS, WEAKER, check_gpu_profile
from workers.jobs.bundle import ExerciseFiles

KEEPER = Keeper()
WHY_NONE = KEEPER.why_none()
FOLDER = Path(__file__).parents[2] / "exercises" / "catalog" / "matmul-gpu"
WRONG = sorted((FOLDER / "wrong").glob("*.py"))

pytestmark = [pytest.mark.gpu, pytest.mark.sandbox, pytest.mark.skipif(bool(WHY_NONE), reason=WHY_NONE)]

TESTS = """
@test("product", points=6, public=True)
def product(solution, rng):
    x = rng.normal(size=(40, 30)).astype(np.float32)
    assert_close(solution.product(x), x.astype(float) @ x.T.astype(float), rtol=0, atol=1e-4)

@test("where", points=4)
def where(solution, rng):
    assert_equal(solution.where(), "gpu")
"""
CUPY = """
import cupy

cube = cupy.ElementwiseKernel("float32 x", "float32 y", "y = x * x * x", "cube")

def product(x):
    y = cupy.asarray(x)
    assert float(cube(cupy.float32(2) * cupy.ones(3, cupy.float32))[0]) == 8  # compiled in this jail
    return y @ y.T

def where():
    return "gpu" if cupy.cuda.runtime.getDeviceCount() == 1 else "cpu"
"""
TORCH = """
import torch

def product(x):
    y = torch.as_tensor(x, device="cuda")
    return y @ y.T

def where():
    return "gpu" if torch.cuda.device_count() == 1 else "cpu"
"""
SOURCES = {"cupy": CUPY, "torch": TORCH}


def on_gpu(library: str, device: str = "gpu", tests: str = TESTS, seconds: float = 60) -> ExerciseFiles:
    if problem := library_problem(library):
        pytest.skip(problem)
    made = exercise(tests, SOURCES[library], modules=("numpy", library), seconds=seconds, total=300, memory=4096)
    toml = made.files["exercise.toml"].replace(b'kind = "code"', f'kind = "code"\ndevice = "{device}"'.encode())
    return ExerciseFiles(made.files | {"exercise.toml": toml})


def idle(keeper: Keeper) -> bool:
    return all(not keeper.devices.state(gpu).processes for gpu in keeper.devices.list())


@pytest.fixture(scope="module")
def warm() -> Iterator[Grader]:
    with Grader() as grader:
        yield grader


@pytest.mark.parametrize("library", SOURCES)
def test_it_works(warm: Grader, library: str) -> None:
    """A process of its own for each grade: the third would fail if CUDA had been called before a fork."""
    made = on_gpu(library)
    for seed in (1, 2, 3):
        report = warm.grade(made, SOURCES[library], seed=seed)
        assert (report["verdict"], report["score"]) == ("passed", 10), (report["staff"], report["tests"])
        assert report["sandbox"]["profile"] == "gpu"
    assert any(name.startswith("gpu:") for name in warm.describe()["devices"])


@pytest.mark.parametrize("library", SOURCES)
def test_spares_hold_nothing_of_the_card(warm: Grader, library: str) -> None:
    warm.grade(on_gpu(library), SOURCES[library], seed=1)
    zygote = next(z for key, z in warm._pool._zygotes.items() if key[2] >= 0 and library in key[0])
    assert wait_until(lambda: len(zygote._spares["runner"]) == 2)
    assert wait_until(lambda: idle(KEEPER))


@pytest.mark.parametrize("library", SOURCES)
def test_either_device_takes_the_card(warm: Grader, library: str) -> None:
    assert warm.grade(on_gpu(library, "any"), SOURCES[library], seed=1)["score"] == 10


HOGS = {
    "never ends": "    while True:\n        torch.ones(1 << 20, device='cuda').sum()\n",
    "leaves at once": "    import os\n    os._exit(0)\n",
    "takes all memory": "    return [torch.empty(1 << 28, device='cuda') for _ in range(10_000)]\n",
    "crashes": "    import ctypes\n    ctypes.string_at(0)\n",
}


@pytest.mark.parametrize("hog", HOGS.values(), ids=HOGS)
def test_a_hostile_solution_leaves_nothing_on_the_card(warm: Grader, hog: str) -> None:
    made = on_gpu("torch", seconds=15)
    held = "    kept = torch.empty(1 << 28, device='cuda')\n"  # 1 GiB of float32
    report = warm.grade(made, TORCH + f"\ndef product(x):\n{held}{hog}", seed=1, public_only=True)
    assert report["score"] == 0
    assert report["verdict"] != "error", report["staff"]
    assert warm.gpus.why_none() == ""  # no quarantine
    assert warm.grade(made, TORCH, seed=2)["score"] == 10


def test_the_next_process_reads_nothing_of_the_last_one(warm: Grader) -> None:
    """The driver clears memory between processes: an answer left on the card is not there for the next solution."""
    mark = 1234567.0
    write = TORCH + f"\ndef product(x):\n    kept = torch.full((1 << 28,), {mark}, device='cuda')\n    return x @ x.T\n"
    read = TORCH + (
        "\ndef where():\n"
        f"    parts = [torch.empty(1 << 26, device='cuda') for _ in range(8)]\n"
        f"    return 'seen' if any(bool((part == {mark}).any()) for part in parts) else 'gpu'\n"
    )
    made = on_gpu("torch")
    assert warm.grade(made, write, seed=1)["tests"][0]["verdict"] == "passed"
    assert warm.grade(made, read, seed=2)["score"] == 10


def test_every_attempt_of_the_doctor_on_the_card() -> None:
    pool = Pool(allow_reduced=False, spares=False)
    try:
        rows = check_gpu_profile(pool, KEEPER.usable()[0])
    finally:
        pool.close()
    assert [row for row in rows if row.result == LEAKS] == []
    assert {row.attempt for row in rows if row.result == WEAKER} <= set(GPU_WEAKER)


# ---- The exercise of the catalogue ---------------------------------------------------------------------------


@pytest.fixture
def graded(warm: Grader) -> Callable[[Path], Any]:
    if problem := library_problem("torch"):
        pytest.skip(problem)
    return lambda path: warm.grade(FOLDER, path.read_text("utf-8"), seed=1)


def test_the_reference_gets_full_marks(graded: Callable[[Path], Any]) -> None:
    report = graded(FOLDER / "solution.py")
    assert (report["verdict"], report["score"]) == ("passed", 10), (report["staff"], report["tests"])


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_wrong_files_get_what_their_first_line_says(graded: Callable[[Path], Any], path: Path) -> None:
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# expect: ").split("/")[0]
    report = graded(path)
    assert report["score"] == float(expected), [
        (test["name"], test["verdict"], test["timing"]) for test in report["tests"]
    ]
