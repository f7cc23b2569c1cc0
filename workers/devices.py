"""The node's NVIDIA GPUs by NVML: which there are, who uses them, free memory, whether clocks are held back.

NVML answers without a CUDA context, so that asking spoils no fork and takes no memory of the card. The library is
loaded on the first question.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sandbox.errors import MachineFault

PACKAGE = "nvidia-ml-py is not installed: pip install -r requirements-gpu.txt"
DRIVER = Path("/dev/nvidiactl")
NO_DRIVER = f"the NVIDIA driver is missing: {DRIVER} does not exist"
# Why a clock is below what was asked for; NVML's bits. A power cap is left out: a busy card always meets it.
THROTTLES = {
    0x08: "hardware slowdown",
    0x20: "too hot (driver)",
    0x40: "too hot (hardware)",
    0x80: "external power brake",
}


class NoGpu(MachineFault):
    """This node has no GPU to compute with. The text says what is missing and how to get it."""


@dataclass(frozen=True)
class Gpu:
    """One card, as it stays while the machine runs."""

    index: int  # NVML's
    minor: int  # N of /dev/nvidiaN
    uuid: str
    name: str  # "NVIDIA T4"
    memory_bytes: int


@dataclass(frozen=True)
class State:
    """One card at one moment."""

    free_bytes: int
    used_bytes: int  # of all processes, and of the driver itself
    processes: Mapping[int, int]  # pid: bytes, of the processes that compute; 0 where the driver does not tell
    throttled: tuple[str, ...]  # why the clocks are held back; empty when they are not
    clock_mhz: int  # of the multiprocessors
    celsius: int


class Devices:
    """Raises NoGpu from every method where there is no driver or no package. `nvml`: the module, or one like it."""

    def __init__(self, nvml: Any = None) -> None:
        self._given = nvml
        self._nvml: Any = None

    def _library(self) -> Any:
        if self._nvml is None:
            nvml = self._given
            if nvml is None:
                try:
                    nvml = importlib.import_module("pynvml")
                except ImportError:
                    raise NoGpu(PACKAGE if DRIVER.exists() else NO_DRIVER) from None
            try:
                nvml.nvmlInit()
            except nvml.NVMLError as error:
                raise NoGpu(f"the NVIDIA driver is missing: {error}") from None
            self._nvml = nvml
        return self._nvml

    def close(self) -> None:
        """Let go of the driver. May be called again."""
        if self._nvml is not None:
            nvml, self._nvml = self._nvml, None
            try:
                nvml.nvmlShutdown()
            except nvml.NVMLError:  # the driver has gone away meanwhile
                return

    def driver(self) -> str:
        """The driver's version."""
        return _text(self._library().nvmlSystemGetDriverVersion())

    def list(self) -> tuple[Gpu, ...]:
        """All cards, in NVML's order."""
        nvml = self._library()
        try:
            return tuple(self._gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
        except nvml.NVMLError as error:
            raise NoGpu(f"the NVIDIA driver does not list its GPUs: {error}") from None

    def _gpu(self, nvml: Any, index: int) -> Gpu:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        return Gpu(
            index=index,
            minor=int(nvml.nvmlDeviceGetMinorNumber(handle)),
            uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
            name=_text(nvml.nvmlDeviceGetName(handle)),
            memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        )

    def state(self, gpu: Gpu) -> State:
        """The card now. Raises NoGpu when it has fallen off the bus, too."""
        nvml = self._library()
        try:
            handle = nvml.nvmlDeviceGetHandleByUUID(gpu.uuid)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            running = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            reasons = int(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
            return State(
                free_bytes=int(memory.free),
                used_bytes=int(memory.used),
                processes={int(row.pid): int(row.usedGpuMemory or 0) for row in running},
                throttled=tuple(name for bit, name in THROTTLES.items() if reasons & bit),
                clock_mhz=int(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
                celsius=int(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
            )
        except nvml.NVMLError as error:
            raise NoGpu(f"the GPU {gpu.name} does not answer: {error}") from None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
