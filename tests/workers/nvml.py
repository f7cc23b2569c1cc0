"""A stand-in for the NVIDIA driver: the functions of `pynvml` that `workers.devices` calls, over cards made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

GIB = 1 << 30


@dataclass
class Card:
    name: str = "NVIDIA T4"
    uuid: str = "GPU-0"
    minor: int = 0
    total: int = 16 * GIB
    used: int = 300 << 20  # the driver's own
    processes: dict[int, int | None] = field(default_factory=dict)  # pid: bytes
    reasons: int = 0  # bits: why the clocks are held back
    lost: bool = False  # fallen off the bus


class Driver:
    """`missing`: what nvmlInit says where there is no driver."""

    class NVMLError(Exception):
        pass

    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *cards: Card, missing: str = "") -> None:
        self.cards = list(cards)
        self.missing = missing
        self.started = 0

    def nvmlInit(self) -> None:
        if self.missing:
            raise self.NVMLError(self.missing)
        self.started += 1

    def nvmlShutdown(self) -> None:
        self.started -= 1

    def nvmlSystemGetDriverVersion(self) -> bytes:
        return b"580.95.05"

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self.cards[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Card:
        card = next(card for card in self.cards if card.uuid == uuid)
        if card.lost:
            raise self.NVMLError("GPU is lost")
        return card

    def nvmlDeviceGetMinorNumber(self, card: Card) -> int:
        return card.minor

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        return card.uuid

    def nvmlDeviceGetName(self, card: Card) -> bytes:  # older versions of the package answer with bytes
        return card.name.encode()

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> Any:
        return SimpleNamespace(total=card.total, used=card.used, free=card.total - card.used)

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[Any]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in card.processes.items()]

    def nvmlDeviceGetCurrentClocksEventReasons(self, card: Card) -> int:
        return card.reasons

    def nvmlDeviceGetClockInfo(self, card: Card, kind: int) -> int:
        return 1590 if kind == self.NVML_CLOCK_SM else 0

    def nvmlDeviceGetTemperature(self, card: Card, kind: int) -> int:
        return 55
