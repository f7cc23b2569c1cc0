"""Cards, their sole use and their quarantine, over a stand-in for the driver: `nvml.py`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers.grading import wait_until
from tests.workers.nvml import GIB, Card, Driver
from workers import devices
from workers.devices import PACKAGE, Devices, NoGpu
from workers.gpu_node import GPU_QUEUE, GpuQueue
from workers.grader import gpus
from workers.grader.gpus import GpuBusy, Keeper, kill_ours
from workers.jobs import parse_spec
from workers.sandbox.gpu import missing_nodes, touched

STRANGER = 1  # a process that is not ours to end

PLAIN = parse_spec('title = { en = "T", fr = "T" }\nmodules = ["numpy"]\ndevice = "gpu"\n')


def spec(device: str, *modules: str) -> Any:
    names = ", ".join(f'"{name}"' for name in modules)
    return parse_spec(f'title = {{ en = "T", fr = "T" }}\nmodules = [{names}]\ndevice = "{device}"\n')


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Keeper]:
    """`keep(*cards)`: a keeper of this node; two of them share the node's locks, as two pool processes do."""

    def make(*cards: Card, settle: float = 0.2, **options: Any) -> Keeper:
        return Keeper(Devices(Driver(*cards, **options)), tmp_path / "gpu", settle, lambda minor: ())

    return make


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def test_it_works(keep: Callable[..., Keeper]) -> None:
    keeper = keep(Card(), Card("NVIDIA L4", "GPU-1", 1, total=24 * GIB))
    assert [(gpu.name, gpu.minor, gpu.memory_bytes // GIB) for gpu in keeper.usable()] == [
        ("NVIDIA T4", 0, 16),
        ("NVIDIA L4", 1, 24),
    ]
    assert keeper.announce() == ("gpu:NVIDIA T4", "gpu:NVIDIA L4")
    with keeper.lease(PLAIN) as gpu:
        state = keeper.devices.state(gpu)
        assert (state.free_bytes, state.clock_mhz, state.throttled) == (16 * GIB - (300 << 20), 1590, ())
    assert keeper.announce() == ("gpu:NVIDIA T4", "gpu:NVIDIA L4")


# ---- What is missing ---------------------------------------------------------------------------------------


def test_a_missing_driver_is_named(keep: Callable[..., Keeper]) -> None:
    keeper = keep(missing="NVML Shared Library Not Found")
    assert keeper.why_none() == "the NVIDIA driver is missing: NVML Shared Library Not Found"
    assert (keeper.survey(), keeper.announce(), keeper.runtimes()) == ([], (), [])
    with pytest.raises(NoGpu, match="the NVIDIA driver is missing"), keeper.lease(PLAIN):
        pass


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # an import of it fails, whether it is installed or not
    monkeypatch.setattr(devices, "DRIVER", Path("/dev/null"))
    assert Keeper(Devices()).why_none() == PACKAGE
    monkeypatch.setattr(devices, "DRIVER", Path("/dev/no-such-driver"))  # then the package would not help
    assert Keeper(Devices()).why_none().startswith("the NVIDIA driver is missing: ")


def test_a_missing_library_is_named(keep: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "cupy" else found(name))
    keeper = keep(Card())
    with pytest.raises(NoGpu, match=r"CuPy is not installed: pip install -r requirements-gpu\.txt"):
        keeper.lease(spec("gpu", "cupy")).__enter__()
    assert not keeper.needed(spec("any", "cupy"))  # it may run on the processor
    assert "cupy" not in keeper.runtimes()


def test_a_torch_without_cuda_is_named(keep: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(gpus.importlib.metadata, "version", lambda name: "2.13.0+cpu")
    with pytest.raises(NoGpu, match="installed without CUDA"):
        keep(Card()).lease(spec("gpu", "torch")).__enter__()


def test_a_driver_without_cards(keep: Callable[..., Keeper]) -> None:
    assert keep().why_none() == "the NVIDIA driver is there, and no GPU"


def test_missing_device_nodes_are_named(tmp_path: Path) -> None:
    assert missing_nodes(3, lambda path: path != "/dev/nvidia-uvm-tools") == ("/dev/nvidia-uvm-tools",)
    assert missing_nodes(3, lambda path: path != "/dev/nvidia3") == ("/dev/nvidia3",)
    keeper = Keeper(Devices(Driver(Card())), tmp_path / "gpu", 0.1, lambda minor: ("/dev/nvidia-uvm",))
    assert "/dev/nvidia-uvm does not exist: run `nvidia-modprobe -u -c=0` as root" in keeper.why_none()
    assert keeper.announce()[0].startswith("quarantined:NVIDIA T4: /dev/nvidia-uvm")


def test_which_exercises_run_on_a_card(keep: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "library_problem", lambda name: "")
    there, absent = keep(Card()), keep(missing="no driver")
    asked = [spec("cpu", "torch"), spec("gpu", "torch"), spec("any", "torch"), spec("any", "numpy"), spec("any")]
    assert [there.needed(one) for one in asked] == [False, True, True, False, False]
    # Without a card "gpu" is still needed: it fails with the reason, and is never graded on a processor.
    assert [absent.needed(one) for one in asked] == [False, True, False, False, False]


def test_open_device_nodes_tell_that_cuda_was_called() -> None:
    nodes = ("/dev/nvidia0", "/dev/nvidiactl")
    assert touched(["/dev/null", "socket:[1]", "/dev/nvidiactl"], nodes) == ["/dev/nvidiactl"]
    assert touched(["/dev/null", "pipe:[2]"], nodes) == []


# ---- Sole use ----------------------------------------------------------------------------------------------


def test_one_job_at_a_time_on_each_card(keep: Callable[..., Keeper]) -> None:
    cards = Card(), Card("NVIDIA L4", "GPU-1", 1)
    first, second, third = keep(*cards), keep(*cards), keep(*cards)
    got: list[str] = []

    def wait() -> None:
        with third.lease(PLAIN) as gpu:
            got.append(gpu.name)

    with first.lease(PLAIN) as one, second.lease(PLAIN) as two:
        assert {one.name, two.name} == {"NVIDIA T4", "NVIDIA L4"}
        assert third.announce() == ("gpu:NVIDIA T4", "gpu:NVIDIA L4")  # our own jobs are no reason to stay away
        waiter = threading.Thread(target=wait)
        waiter.start()
        waiter.join(0.5)
        assert waiter.is_alive()
        assert got == []
    waiter.join(30)
    assert len(got) == 1


def test_a_stranger_on_the_card(keep: Callable[..., Keeper]) -> None:
    card = Card(processes={STRANGER: 2 * GIB})
    keeper = keep(card)
    assert keeper.announce() == (f"quarantined:NVIDIA T4: process {STRANGER} uses it",)
    with pytest.raises(NoGpu, match=f"process {STRANGER} uses it"):
        keeper.lease(PLAIN).__enter__()
    card.processes.clear()
    assert keeper.announce() == ("gpu:NVIDIA T4",)


def test_a_stranger_who_comes_between_look_and_lease(keep: Callable[..., Keeper]) -> None:
    card = Card()
    keeper = keep(card)
    gpu = keeper.usable()[0]
    card.processes[STRANGER] = None  # the driver does not always tell how much
    with pytest.raises(GpuBusy, match="cannot be used for grading now"):
        keeper._fresh(gpu, timed=False)


@pytest.mark.parametrize(("bit", "reason"), [(0x08, "slowdown"), (0x40, "too hot"), (0x80, "power brake")])
def test_nothing_is_timed_while_clocks_are_held_back(keep: Callable[..., Keeper], bit: int, reason: str) -> None:
    keeper = keep(Card(reasons=bit))
    with pytest.raises(GpuBusy, match=reason):
        keeper.lease(PLAIN, timed=True).__enter__()
    with keeper.lease(PLAIN):  # what is only compared does not mind
        pass


def test_a_power_cap_is_no_reason(keep: Callable[..., Keeper]) -> None:
    with keep(Card(reasons=0x04)).lease(PLAIN, timed=True):
        pass


# ---- After a job -------------------------------------------------------------------------------------------


def test_leaked_memory_quarantines_the_card_until_it_is_free_again(keep: Callable[..., Keeper]) -> None:
    card = Card()
    keeper, other = keep(card), keep(card)
    with keeper.lease(PLAIN):
        card.used += 3 * GIB
    assert keeper.announce() == ("quarantined:NVIDIA T4: 3072 MiB of the last job are still in use",)
    assert other.announce() == keeper.announce()  # every process of the node knows
    assert "3072 MiB" in other.why_none()
    with pytest.raises(NoGpu, match="3072 MiB"):
        other.lease(PLAIN).__enter__()
    card.used -= 3 * GIB
    assert other.announce() == ("gpu:NVIDIA T4",)
    with keeper.lease(PLAIN):
        pass


def test_memory_that_comes_back_late_is_waited_for(keep: Callable[..., Keeper]) -> None:
    card = Card()
    keeper = keep(card, settle=30)

    def settle() -> None:
        card.used -= GIB

    with keeper.lease(PLAIN):
        card.used += GIB
        timer = threading.Timer(0.3, settle)
        timer.start()
    timer.join()
    assert keeper.announce() == ("gpu:NVIDIA T4",)


def test_a_card_that_falls_off_the_bus(keep: Callable[..., Keeper]) -> None:
    card = Card()
    keeper = keep(card)
    with keeper.lease(PLAIN):
        card.lost = True
    assert keeper.announce() == ("quarantined:NVIDIA T4: the GPU NVIDIA T4 does not answer: GPU is lost",)


def test_a_failing_job_is_looked_after_as_well(keep: Callable[..., Keeper]) -> None:
    card = Card()
    keeper = keep(card)
    with pytest.raises(RuntimeError), keeper.lease(PLAIN):
        card.used += GIB
        raise RuntimeError("the job failed")
    assert keeper.announce()[0].startswith("quarantined:")


def test_an_orphan_of_ours_is_ended(keep: Callable[..., Keeper], sleeper: subprocess.Popen[bytes]) -> None:
    """A process that descends from this one is still on the card after its job."""
    card = Card()
    driver = Driver(card)
    ask = driver.nvmlDeviceGetComputeRunningProcesses

    def running(one: Card) -> list[Any]:  # as the driver does, which forgets a process once it is gone
        if sleeper.poll() is not None:
            card.processes.clear()
        return ask(one)

    driver.nvmlDeviceGetComputeRunningProcesses = running  # type: ignore[method-assign]  # one card's life
    keeper = keep()
    keeper.devices = Devices(driver)
    keeper._settle = 30
    with keeper.lease(PLAIN):
        card.processes[sleeper.pid] = GIB
    assert sleeper.wait(30) == -9
    assert keeper.announce() == ("gpu:NVIDIA T4",)


def test_a_strangers_process_is_never_ended(sleeper: subprocess.Popen[bytes]) -> None:
    """Only descendants: here a grandchild is asked to end this process and its child, its siblings."""
    code = f"from workers.grader.gpus import kill_ours; kill_ours([{os.getpid()}, {sleeper.pid}, 1, 2**22 + 5])"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], timeout=60)
    assert done.returncode == 0
    assert sleeper.poll() is None
    kill_ours([sleeper.pid])
    assert wait_until(lambda: sleeper.poll() == -9)


def test_a_note_that_nobody_can_read_keeps_the_card_away(keep: Callable[..., Keeper], tmp_path: Path) -> None:
    keeper = keep(Card())
    assert keeper.announce() == ("gpu:NVIDIA T4",)
    (tmp_path / "gpu" / "GPU-0.quarantine").write_text("{")
    assert "cannot be read: remove it" in keeper.announce()[0]


# ---- The worker's queue ------------------------------------------------------------------------------------


class Queues:
    """Celery's table of queues, as far as `choose` uses it."""

    def __init__(self, *names: str) -> None:
        self.consume_from = dict.fromkeys(names)

    def deselect(self, names: list[str]) -> None:
        for name in names:
            self.consume_from.pop(name)


class Consumer:
    def __init__(self) -> None:
        self.done: list[str] = []

    def call_soon(self, function: Callable[[str], None], queue: str) -> None:
        function(queue)

    def cancel_task_queue(self, queue: str) -> None:
        self.done.append(f"off {queue}")

    def add_task_queue(self, queue: str) -> None:
        self.done.append(f"on {queue}")


def test_a_worker_leaves_the_queue_with_its_card_and_comes_back(keep: Callable[..., Keeper]) -> None:
    card = Card()
    worker, consumer = GpuQueue(keep(card)), Consumer()
    queues = Queues("grade.cpu", GPU_QUEUE)
    worker.choose(queues)
    started = tuple(queues.consume_from)
    assert worker.queues(started) == ("grade.cpu", GPU_QUEUE)
    assert (worker.review(consumer), consumer.done) == (("gpu:NVIDIA T4",), [])
    card.processes[STRANGER] = GIB
    assert worker.review(consumer)[0].startswith("quarantined:")
    assert consumer.done == [f"off {GPU_QUEUE}"]
    assert worker.queues(started) == ("grade.cpu",)
    worker.review(consumer)
    assert len(consumer.done) == 1
    card.processes.clear()
    worker.review(consumer)
    assert consumer.done[1:] == [f"on {GPU_QUEUE}"]
    assert worker.queues(started) == ("grade.cpu", GPU_QUEUE)


def test_a_worker_without_a_card_never_takes_the_queue(keep: Callable[..., Keeper]) -> None:
    worker, queues = GpuQueue(keep(missing="no driver")), Queues("grade.cpu", GPU_QUEUE)
    worker.choose(queues)
    assert list(queues.consume_from) == ["grade.cpu"]
    assert (worker.review(Consumer()), worker.queues(("grade.cpu",))) == ((), ("grade.cpu",))


def test_a_weaker_sandbox_takes_no_gpu_jobs(keep: Callable[..., Keeper]) -> None:
    worker, consumer = GpuQueue(keep(Card())), Consumer()
    worker.choose(Queues(GPU_QUEUE))
    worker.review(consumer, full=False)
    assert consumer.done == [f"off {GPU_QUEUE}"]


def test_the_queue_is_the_operators_choice(keep: Callable[..., Keeper]) -> None:
    worker, consumer = GpuQueue(keep(Card())), Consumer()
    worker.choose(Queues("grade.cpu"))
    assert worker.review(consumer) == ("gpu:NVIDIA T4",)
    assert (consumer.done, worker.queues(("grade.cpu",))) == ([], ("grade.cpu",))


def test_a_note_holds_what_was_in_use_before(keep: Callable[..., Keeper], tmp_path: Path) -> None:
    card = Card()
    with keep(card).lease(PLAIN):
        card.used += GIB
    assert json.loads((tmp_path / "gpu" / "GPU-0.quarantine").read_text())["used_bytes"] == 300 << 20
