"""How fast a model writes: time to the first token, tokens a second at 1, 4 and 16 prompts; of recordings the real-time factor."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.runtimes import Generate

SIZES = (1, 4, 16)
TOKENS = 32  # written to each prompt; stop tokens do not stop it
REPETITIONS = 3


def speed(compute: Generate, batch: Callable[[Sequence[int]], Mapping[str, Array]]) -> dict[str, Any]:
    """Greedy, real prompts, medians of three.

    Args:
        compute: the model.
        batch: numbers of prompts to the arrays of those.

    Returns:
        `first_token_ms`, of one prompt; `tokens_per_second` {prompts: tokens a second}, reading the prompts included.
    """
    one = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": 1}))
    many = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": TOKENS}))
    first = 1000 * _median(compute, batch([0]), one)
    seconds = {size: _median(compute, batch(range(size)), many) for size in SIZES}
    return {
        "first_token_ms": first,
        "tokens_per_second": {str(size): size * TOKENS / taken for size, taken in seconds.items()},
    }


def _median(compute: Generate, arrays: Mapping[str, Array], decoder: Decoder) -> float:
    compute(arrays, decoder, Ends())
    taken = []
    for _ in range(REPETITIONS):
        begun = time.perf_counter()
        compute(arrays, decoder, Ends())
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def real_time_factor(transcribed: Callable[[int], float], seconds: float, sizes: Sequence[int]) -> dict[str, float]:
    """Seconds of computing for each second of sound, medians of three, for so many recordings at once.

    Args:
        transcribed: how many at once to the seconds that it took.
        seconds: that the recordings last.
        sizes: how many at once.
    """
    out = {}
    for size in sizes:
        transcribed(size)
        out[str(size)] = float(np.median([transcribed(size) for _ in range(REPETITIONS)])) / max(seconds, 1e-9)
    return out
