"""Greedy first; what repeats itself or is very unlikely is drawn again."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.generated import Ends, Generated
from burnish.decoders import Decoder, Step
from burnish.decoders._stepwise import Stepwise


class TemperatureFallback(Stepwise):
    """The most probable tokens; where these repeat themselves or are very unlikely, tokens drawn at rising temperatures.

    Networks that write what was said now and then fall into a loop over silence and noise (Radford et al. 2022, arXiv
    2212.04356, section 4.5). The same seed gives the same prediction, alone and in a batch.
    """

    temperatures: list[float] = Field(
        default=[0.2, 0.4, 0.6, 0.8, 1.0], description="Tried in turn until a prediction passes."
    )
    most_repetition: float = Field(
        2.4, gt=1, description="Size of a text over its size once compressed (zlib), above which it repeats itself."
    )
    least_log_probability: float = Field(
        -1.0, lt=0, description="Mean log probability of its tokens below which a prediction is very unlikely."
    )
    seed: int = Field(0, ge=0, description="Of the draws, where a request names none.")

    def written(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> list[Generated]:
        """Rows that pass are settled; the others are begun anew at the next temperature."""
        shared: dict[str, Any] = {"max_new_tokens": self.max_new_tokens, "stop": self.stop}
        seeds = list(seeds) or [self.seed] * rows
        best = _made("greedy", shared).written(step, rows, ends)
        for temperature in self.temperatures:
            failed = [row for row in range(rows) if not self.passes(best[row], ends)]
            if not failed:
                break
            drawn = _made("sampling", {**shared, "temperature": temperature}).written(
                _Some(step, np.array(failed, np.int64)), len(failed), ends, [seeds[row] for row in failed]
            )
            for row, other in zip(failed, drawn, strict=True):
                best[row] = self.better(best[row], other, ends)
        return best

    def better(self, one: Generated, other: Generated, ends: Ends) -> Generated:
        """The one of two predictions that fails fewer tests; of equals the one that repeats itself less or is likelier."""
        return min(one, other, key=lambda either: self._badness(either, ends))

    def passes(self, one: Generated, ends: Ends) -> bool:
        """Whether a prediction neither repeats itself nor is very unlikely; one whose score is no number is left as it is."""
        return not np.isfinite(one.score) or self._badness(one, ends)[0] == 0

    def _badness(self, one: Generated, ends: Ends) -> tuple[int, float, float]:
        """How many of the two tests it fails, how much it repeats itself, and how unlikely it is."""
        repeats = _repetition(one, ends)
        mean = one.score / (len(one.ids) + 1)
        failed = (repeats > self.most_repetition) + (mean < self.least_log_probability)
        return failed, repeats if repeats > self.most_repetition else 0.0, -mean


def _made(kind: str, settings: dict[str, Any]) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, **settings}))


def _repetition(one: Generated, ends: Ends) -> float:
    written = str(ends.text(one.ids.tolist())) if ends.text is not None else " ".join(map(str, one.ids.tolist()))
    data = written[: one.cut].encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data)) if data else 0.0


class _Some:
    """Some of the rows that go through a network together."""

    def __init__(self, step: Step, rows: Array) -> None:
        self._step, self._rows = step, rows

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        if ids is not None:
            return self._step(ids, cache)
        logits, cache = self._step(None, None)
        return logits[self._rows], self._step.picked(cache, self._rows)

    def picked(self, cache: Any, rows: Array) -> Any:
        return self._step.picked(cache, rows)
