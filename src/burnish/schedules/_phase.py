"""Shared by the schedules: where in the whole run, and in which stretch."""

from __future__ import annotations

import math

ROUNDING = 1e-9
"""Progress is a quotient of step counts: what should fall on a boundary may fall a rounding error before it."""


def of_run(progress: float, warmup_ratio: float) -> float:
    """Share of the whole run done, from the share done since the end of warm-up."""
    return warmup_ratio + progress * (1.0 - warmup_ratio)


def passed(progress: float, length: float) -> int:
    """How many whole stretches of `length` lie behind `progress`."""
    return math.floor(progress / length + ROUNDING)


def falling_cosine(progress: float) -> float:
    """Half a cosine wave from 1 at 0 down to 0 at 1."""
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, progress))))
