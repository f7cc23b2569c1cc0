"""Work that a call has left on a GPU: waited for inside the call, so that it counts for that call's time."""

from __future__ import annotations

import sys


def synchronise() -> None:
    """Wait for all streams of the devices that this process uses. Costs nothing where neither library is loaded.

    Errors of the device come out here, as they would at the first use of the result.
    """
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    if (cupy := sys.modules.get("cupy")) is not None:
        try:
            device = cupy.cuda.Device()
        except cupy.cuda.runtime.CUDARuntimeError:  # imported where there is no device: nothing to wait for
            return
        device.synchronize()
