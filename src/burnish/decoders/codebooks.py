"""Codes of a sound, one of each codebook at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated
from burnish.core.seeds import generator
from burnish.decoders import GUIDED, Decoder, Reads, Step
from burnish.decoders._stepwise import log_softmax
from burnish.media.codec.delay import undelayed

BRIEF = 0.25
"""Seconds of a reference example: enough to tell one network from another."""


class Codebooks(Decoder):
    """Draws a code of each codebook at each step, late codebooks behind the others, with classifier-free guidance.

    Guidance (Ho and Salimans 2022, arXiv 2207.12598): logits without the caption, and `guidance` times what the caption adds
    to them. What is written behind the last whole frame is cut off.
    """

    reads: ClassVar[Reads] = "codebooks"
    seconds: float | None = Field(
        None, gt=0, le=30, description="Length of a prediction; null: of the windows it was trained on. 30 is the most."
    )
    guidance: float = Field(
        3.0,
        ge=0,
        description="How far predictions are pushed towards their caption; 1: not at all, and half the time. Usual is 3.",
    )
    temperature: float = Field(
        1.0, ge=0, description="What logits are divided by; 0: the most probable code each time."
    )
    top_k: int | None = Field(250, ge=1, description="Only so many of the most probable codes may be drawn; null: all.")
    top_p: float = Field(1.0, gt=0, le=1, description="Only the fewest codes that together are so probable.")
    seed: int = Field(0, ge=0, description="Of the draws, where a request names none.")

    def asked(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """With the wish for logits without the caption beside those with it, where they are needed."""
        rows = len(next(iter(arrays.values())))
        return {**arrays, **({} if self.guidance == 1 else {GUIDED: np.ones(rows, np.int64)})}

    def briefly(self) -> Codebooks:
        """A quarter of a second without chance."""
        return self.model_copy(update={"seconds": BRIEF, "temperature": 0.0})

    def written(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> list[Generated]:
        """Codes of each row, int64 [codebooks * frames], the frames of a codebook behind each other.

        `score` is the log of the probability that the network gives them with their caption; not a number where it gave none.

        Raises:
            InputError: the network does not write codebooks.
        """
        if not ends.late:
            raise InputError(
                "predictions of this target are no codes of a sound", fix="decoder: greedy", place="decoder"
            )
        frames = self._frames(ends)
        late = np.array(ends.late)
        randoms = [generator(seed, "codebooks") for seed in (seeds or [self.seed] * rows)]
        whole = np.full((rows, len(late), frames + int(late.max())), ends.blank, np.int64)
        scores = np.zeros(rows)
        logits, cache = step(None, None) if rows else (np.zeros((0, 1, len(late), 1)), None)
        for number in range(whole.shape[2] if rows else 0):
            draws = np.stack([random.random(len(late)) for random in randoms])
            codes = self._drawn(self._guided(logits), draws)
            begun, kept = number >= late, (number >= late) & (number < late + frames)
            whole[:, begun, number] = codes[:, begun]
            scores += _log_of(logits[:, 0], codes)[:, kept].sum(axis=1)
            if number + 1 < whole.shape[2]:
                logits, cache = step(whole[:, :, number], cache)
        cut = [undelayed(own, ends.late) for own in whole]
        return [Generated(codes.ravel(), float(score), "length") for codes, score in zip(cut, scores, strict=True)]

    def _frames(self, ends: Ends) -> int:
        frames = max(1, round((self.seconds or ends.seconds) * ends.frames_per_second))
        return frames if ends.most is None else min(frames, ends.most)

    def _guided(self, logits: Array) -> NDArray[np.float64]:
        """[N, K, V] of [N, 1 or 2, K, V]: with the caption, and without it.

        Raises:
            InputError: guidance, of a network that cannot leave its caption out.
        """
        told = logits.astype(np.float64)
        if self.guidance == 1:
            return told[:, 0]
        if told.shape[1] != 2:
            raise InputError(
                "this network gives no logits without a caption", fix="decoder.guidance: 1", place="decoder"
            )
        with np.errstate(invalid="ignore"):  # said by the score, which is not finite then
            return told[:, 1] + self.guidance * (told[:, 0] - told[:, 1])

    def _drawn(self, logits: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """Codes [N, K] of logits [N, K, V], by numbers [N, K] from 0 to 1."""
        logits = np.where(np.isfinite(logits), logits, -1e300)
        if self.temperature == 0:
            return cast("NDArray[np.int64]", logits.argmax(axis=-1))
        order = np.argsort(-logits, axis=-1, kind="stable")[..., : self.top_k]
        likely = np.take_along_axis(logits, order, axis=-1)
        shares = np.exp((likely - likely[..., :1]) / self.temperature)
        sums = shares.cumsum(axis=-1)
        before = sums - shares
        within = before < self.top_p * sums[..., -1:] * (1 - 1e-12)  # the first is always within
        sums = np.where(within, sums, 0.0)
        most = sums.max(axis=-1, keepdims=True)
        place = (np.where(within, sums, np.inf) <= draws[..., None] * most).sum(axis=-1)
        place = np.minimum(place, within.sum(axis=-1) - 1)
        return np.take_along_axis(order, place[..., None], axis=-1)[..., 0]


def _log_of(logits: Array, codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """[N, K]: log of the probability of codes [N, K] under logits [N, K, V]."""
    told: Any = np.take_along_axis(log_softmax(logits), codes[..., None], axis=-1)[..., 0]
    return cast("NDArray[np.float64]", told)
