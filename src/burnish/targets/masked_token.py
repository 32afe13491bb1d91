"""Tokens that are hidden, from those on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.processor import Processor
from burnish.core.seeds import derive, generator
from burnish.targets import Decoded, Redrawn
from burnish.targets._scored_texts import ScoredTexts, bits

MASKED, RANDOM = 0.8, 0.1
"""Of the hidden tokens: how many become the mask token, and how many another one; the others stay (Devlin et al. 2019)."""


class MaskedToken(Redrawn, ScoredTexts):
    """Tokens that are hidden, from those on both sides: masked language modelling (Devlin et al. 2019, arXiv 1810.04805).

    Which are hidden is drawn anew in each epoch of training, and fixed for each text in validation and test.
    """

    shape: ClassVar[Literal["row", "element", "sequence"]] = "element"
    decides: ClassVar[str] = "perplexity"
    headline: ClassVar[tuple[str, ...]] = ("perplexity",)
    probability: float = Field(
        0.15, gt=0, lt=1, description="Share of the tokens that are hidden; ModernBERT was trained with 0.3."
    )
    whole_words: bool = Field(False, description="Whether words are hidden whole, all of their tokens together.")

    def drawn(self, encoded: Encoded, processor: Processor, seed: int | None) -> tuple[Encoded, tuple[Array, Array]]:
        """`input_ids` with hidden tokens; int64 [L] the tokens themselves, and float32 [L]: 1 where one is hidden.

        As many as `probability` says, at least one where there is any. Without a seed they are a function of the text.
        """
        reader = cast(Any, processor.for_input)
        ids = np.asarray(encoded["input_ids"])
        random = generator("hidden", derive("text", ids.tobytes().hex()) if seed is None else seed)
        places = self._places(np.asarray(encoded["_begins"]), int(encoded["_scored"]), random)
        weights = np.zeros(len(ids), np.float32)
        weights[places] = 1
        shown, fate = ids.copy(), random.random(len(places))
        shown[places[fate < MASKED]] = reader.hidden
        other = places[(fate >= MASKED) & (fate < MASKED + RANDOM)]
        ordinary = np.setdiff1d(np.arange(reader.size), np.array(reader.special, np.int64))
        shown[other] = random.choice(ordinary, len(other))
        return {"input_ids": shown.astype(np.int32)}, (ids.astype(np.int64), weights)

    def _places(self, begins: NDArray[np.int8], scored: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Which tokens are hidden, ascending."""
        there = np.flatnonzero((begins >= 0) & (np.arange(len(begins)) >= scored))
        if not len(there):
            return there
        # A word whose beginning is in the window before, or is not scored, begins here.
        first = (begins[there] > 0) | (not self.whole_words) | (np.diff(there, prepend=-2) > 1)
        units = np.split(there, np.flatnonzero(first)[1:])
        wanted, chosen = max(1, round(self.probability * len(there))), list[NDArray[np.int64]]()
        count = 0
        for unit in random.permutation(len(units)):
            if count + len(units[unit]) <= wanted or not chosen:
                chosen.append(units[unit])
                count += len(units[unit])
            if count >= wanted:
                break
        return np.sort(np.concatenate(chosen))

    def scored(self, truth: Any, nats: float, weight: float) -> float | None:
        """Bits of a hidden token, on average; None where none is hidden."""
        return nats / math.log(2) / weight if weight else None

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """Bits of a token where none is hidden, on average: it shows whether two networks are the same, and scores nothing."""
        answers = []
        for row, own in zip(logits, encoded, strict=True):
            ids = own["_ids"]
            answers.append(Decoded(bits(row[: len(ids)], ids) / max(1, len(ids)), np.zeros(0, np.float32)))
        return answers
