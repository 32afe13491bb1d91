"""Tokens drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.decoders._stepwise import OneByOne, Sequences, log_softmax


class Sampling(OneByOne):
    """Tokens drawn at random by their probability; the same seed gives the same prediction, alone and in a batch.

    The repetition penalty comes first (Keskar et al. 2019, arXiv 1909.05858), then temperature, `top_k` (Fan et al. 2018,
    arXiv 1805.04833), `top_p` (Holtzman et al. 2020, arXiv 1904.09751) and `min_p` (Nguyen et al. 2024, arXiv 2407.01082).
    """

    temperature: float = Field(
        1.0, ge=0, description="What logits are divided by; 0: the most probable token each time."
    )
    top_k: int | None = Field(None, ge=1, description="Only so many of the most probable tokens may be drawn.")
    top_p: float = Field(1.0, gt=0, le=1, description="Only the fewest tokens that together are so probable.")
    min_p: float = Field(
        0.0, ge=0, le=1, description="Only tokens at least so probable, as a share of the most probable."
    )
    repetition_penalty: float = Field(
        1.0, gt=0, description="What the logits of tokens that were written already are weakened by; 1: not at all."
    )
    seed: int = Field(0, ge=0, description="Of the draws, where a request names none.")

    def randoms(self, rows: int, seeds: Sequence[int]) -> list[np.random.Generator | None]:
        """By the seed of each request alone: its place in a batch decides nothing."""
        return [generator(seed, "sampling") for seed in (seeds or [self.seed] * rows)]

    def chosen(self, logits: Array, sequence: Sequences, random: np.random.Generator | None) -> int:
        """A draw from what the filters leave, with one number from `random` each time."""
        assert random is not None
        likely = random.random()  # always drawn, so that settings do not shift the stream
        weakened = self.weakened(logits, sequence)
        if self.temperature == 0:
            return int(weakened.argmax())
        tokens, shares = self.kept(np.exp(log_softmax(_divided(weakened, self.temperature))))
        return int(tokens[min(np.searchsorted(shares.cumsum(), likely * shares.sum(), "right"), len(tokens) - 1)])

    def weakened(self, logits: Array, sequence: Sequences) -> Array:
        """Logits with the repetition penalty."""
        if self.repetition_penalty == 1 or not sequence.ids:
            return logits
        seen, weakened = np.unique(sequence.ids), logits.copy()
        most = np.finfo(np.float64).max  # what a penalty near its bounds makes infinite stays a number
        with np.errstate(over="ignore"):
            changed = np.where(
                logits[seen] > 0, logits[seen] / self.repetition_penalty, logits[seen] * self.repetition_penalty
            )
        weakened[seen] = np.where(np.isfinite(logits[seen]), np.clip(changed, -most, most), changed)
        return weakened

    def kept(self, probabilities: Array) -> tuple[Array, Array]:
        """Tokens that may be drawn, the most probable first, and their probabilities, which need not add up to 1."""
        order = np.argsort(-probabilities, kind="stable")[: self.top_k]
        shares = probabilities[order]
        enough = int(np.searchsorted((shares / shares.sum()).cumsum(), self.top_p * (1 - 1e-12), "left")) + 1
        enough = min(enough, max(1, int((shares >= self.min_p * shares[0]).sum())))
        return order[:enough], shares[:enough]


def _divided(logits: Array, temperature: float) -> Array:
    # The greatest first becomes 0: a logit divided by next to nothing would be infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        divided: Array = (logits - logits.max()) / temperature
    return divided
