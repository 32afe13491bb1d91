"""Memory of this process, as the system tells it."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")
PEAK, NOW = "VmHWM", "VmRSS"
"""Of this program alone; getrusage counts what the process was before it as well."""


def resident(name: str = PEAK) -> int | None:
    """Bytes that the process holds in memory, at its peak or now; None where the system does not tell them (only Linux does)."""
    try:
        lines = STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith(f"{name}:")]
    return int(found[0][1]) * 1024 if found else None
