"""Tokens drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, field_validator

from burnish.core.batch import Array
from burnish.core.chances import most_probable
from burnish.core.errors import InputError
from burnish.core.room import room
from burnish.core.seeds import generator
from burnish.decoders._stepwise import OneByOne, Sequences

_FEW = 512  # tokens among which most draws fall
_MORE = 8  # times as many are sorted next


class Sampling(OneByOne):
    """Tokens drawn at random by their probability; the same seed gives the same prediction, alone and in a batch.

    The repetition penalty comes first (Keskar et al. 2019, arXiv 1909.05858), then the other penalties and `logit_bias`,
    then temperature, `top_k` (Fan et al. 2018, arXiv 1805.04833), `top_p` (Holtzman et al. 2020, arXiv 1904.09751) and
    `min_p` (Nguyen et al. 2024, arXiv 2407.01082).
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
    frequency_penalty: float = Field(
        0.0, ge=-2, le=2, description="Subtracted from the logit of a token each time it was written; below 0: added."
    )
    presence_penalty: float = Field(
        0.0, ge=-2, le=2, description="Subtracted once from the logit of each token that was written; below 0: added."
    )
    logit_bias: dict[int, float] = Field(
        default_factory=dict,
        description="Added to the logits of these token ids, -100 to 100; -100 all but forbids one.",
    )
    seed: int = Field(0, ge=0, description="Of the draws, where a request names none.")

    @field_validator("logit_bias")
    @classmethod
    def _bounded(cls, logit_bias: dict[int, float]) -> dict[int, float]:
        wrong = {token: bias for token, bias in logit_bias.items() if token < 0 or not -100 <= bias <= 100}
        if wrong:
            raise ValueError(f"logit_bias adds -100 to 100 to token ids from 0 on; found {wrong!r:.60}")
        return logit_bias

    def randoms(self, rows: int, seeds: Sequence[int]) -> list[np.random.Generator | None]:
        """By the seed of each request alone: its place in a batch decides nothing."""
        return [generator(seed, "sampling") for seed in (seeds or [self.seed] * rows)]

    def chosen(self, logits: Array, sequence: Sequences, random: np.random.Generator | None) -> int:
        """A draw from what the filters leave, with one number from `random` each time."""
        assert random is not None
        likely = random.random()  # always drawn, so that settings do not shift the stream
        given = room("logits", len(logits), np.float64)
        np.copyto(given, logits)
        weakened = self.weakened(given, sequence)
        if self.temperature == 0:
            return int(weakened.argmax())
        probabilities = _probabilities(weakened, self.temperature)
        width = 0
        while width < len(probabilities):  # more are sorted where they may matter
            width = min(width * _MORE or max(_FEW, (self.top_k or 0) + 1), len(probabilities))
            tokens, shares, whole = self.kept(probabilities, width)
            place = int(np.searchsorted(shares.cumsum(), likely * whole, "right"))
            if len(tokens) < width or (not self._filters and place < width):
                break
        return int(tokens[min(place, len(tokens) - 1)])

    def weakened(self, logits: Array, sequence: Sequences) -> Array:
        """Logits, float64 [V], with the penalties and `logit_bias`.

        Raises:
            InputError: a bias of a token that the network does not have.
        """
        out = self._repeated(logits, sequence)
        if (self.frequency_penalty or self.presence_penalty) and sequence.ids:
            seen, times = np.unique(sequence.ids, return_counts=True)
            out = out.copy() if out is logits else out
            out[seen] -= self.frequency_penalty * times + self.presence_penalty
        if self.logit_bias:
            if (largest := max(self.logit_bias)) >= len(logits):
                raise InputError(
                    f"logit_bias names token {largest}, which the model does not have",
                    expected=f"token ids up to {len(logits) - 1}",
                    place="decoder.logit_bias",
                )
            out = out.copy() if out is logits else out
            out[list(self.logit_bias)] += np.array(list(self.logit_bias.values()))
        return out

    def _repeated(self, logits: Array, sequence: Sequences) -> Array:
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

    def kept(self, probabilities: Array, width: int) -> tuple[Array, Array, float]:
        """Tokens that may be drawn, the most probable first, their probabilities, and the sum of these.

        Args:
            probabilities: float64 [V].
            width: most tokens that are looked at, more than `top_k`. Where so many are given, there may be more; where
                nothing is filtered, the sum is of all.
        """
        width = min(width, len(probabilities))
        order = most_probable(probabilities, min(width, self.top_k or width))
        shares = probabilities[order]
        whole = float(probabilities.sum() if self.top_k is None else shares.sum())
        enough = int(np.searchsorted((shares / whole).cumsum(), self.top_p * (1 - 1e-12), "left")) + 1
        enough = min(enough, max(1, int((shares >= self.min_p * shares[0]).sum())), len(order))
        return order[:enough], shares[:enough], float(shares[:enough].sum()) if self._filters else whole

    @property
    def _filters(self) -> bool:
        return self.top_k is not None or self.top_p < 1 or self.min_p > 0


def _probabilities(logits: Array, temperature: float) -> Array:
    """Those of a draw, float64 [V], in the place of these logits: `exp(log_softmax(logits / temperature))` bit for bit."""
    powers = room("powers", len(logits), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        logits -= logits.max()  # the greatest becomes 0: divided by next to nothing it would be infinite
        logits /= temperature
        logits -= logits.max()
        logits -= np.log(np.exp(logits, out=powers).sum())
        return np.exp(logits, out=logits)
