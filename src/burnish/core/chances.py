"""How probable tokens are, from the logits of a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.generated import Chance
from burnish.core.room import room


def log_total(logits: Array) -> float:
    """Log of the sum of the exponentials of [V]: a logit less this is the log of its probability.

    Powers are as precise as the logits, their sum is in float64. Not a number where nothing is possible, or the network
    gives no number.
    """
    greatest, powers = logits.max(), room("powers", len(logits), logits.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        np.subtract(logits, greatest, out=powers)
        return float(greatest) + math.log(np.exp(powers, out=powers).sum(dtype=np.float64))


def most_probable(values: Array, many: int) -> Array:
    """Places of the greatest of [V], the greatest first; of equals the one with the lowest number."""
    if many < len(values):
        least = np.partition(values, len(values) - many)[len(values) - many]
        places = np.flatnonzero(~(values < least))  # equals of the last as well: the lowest number decides, not chance
        return cast(Array, places[np.argsort(-values[places], kind="stable")][:many])
    return cast(Array, np.argsort(-values, kind="stable"))


def chance_of(token: int, logits: Array, others: int, total: float | None = None) -> Chance:
    """That of one token, with the most probable ones at its place.

    Args:
        token: its id.
        logits: [V] of its place.
        others: how many of the most probable are told.
        total: `log_total(logits)`, where it is known.
    """
    total = log_total(logits) if total is None else total
    beside = most_probable(logits, others) if others else np.zeros(0, np.int64)
    return Chance(token, float(logits[token]) - total, tuple((int(one), float(logits[one]) - total) for one in beside))


def prompt_chances(ids: Sequence[int], logits: Iterable[Array], others: int) -> tuple[Chance, ...]:
    """Those of the tokens of a prompt, from the second on: of the first nothing is known.

    Args:
        ids: of the prompt.
        logits: [V] at each place but the last, which says what comes next there.
        others: as of `chance_of`.
    """
    return tuple(chance_of(token, row, others) for token, row in zip(ids[1:], logits, strict=True))
