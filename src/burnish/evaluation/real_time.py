"""How long a network takes for a second of sound: the real-time factor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

Sound = TypeVar("Sound")
BATCH = 8
REPETITIONS = 3
ENOUGH = 10.0
"""Seconds of work after which nothing is repeated: what takes so long is little moved by chance."""


def real_time(
    answer: Callable[[Sequence[Sound]], object],
    sounds: Sequence[Sound],
    seconds: Sequence[float],
    *,
    batch: int = BATCH,
) -> dict[str, Any]:
    """Reading, computing and writing, one sound at a time and several at once; medians of up to three, the first call left out.

    Args:
        answer: sounds to transcripts.
        sounds: real ones, one or more.
        seconds: how long each is.
        batch: most sounds at once.

    Returns:
        `sounds`, `seconds` together, and of `alone` and `together` the seconds of work for each second of sound: below 1 is
        faster than speech.

    Raises:
        ValueError: no sounds, or none with a length.
    """
    total = float(sum(seconds))
    if not sounds or total <= 0:
        raise ValueError("there are no seconds of sound to be timed on")
    answer(sounds[:1])
    alone = _median(answer, [sounds[place : place + 1] for place in range(len(sounds))])
    together = _median(answer, [sounds[place : place + batch] for place in range(0, len(sounds), batch)])
    return {"sounds": len(sounds), "seconds": total, "alone": alone / total, "together": together / total}


def _median(answer: Callable[[Sequence[Sound]], object], batches: Sequence[Sequence[Sound]]) -> float:
    taken: list[float] = []
    while not taken or (len(taken) < REPETITIONS and sum(taken) < ENOUGH):
        begun = time.perf_counter()
        for one in batches:
            answer(one)
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))
