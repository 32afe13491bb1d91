"""Each token of a text, from those before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.processor import Processor
from burnish.targets import Decoded, Outcome
from burnish.targets._scored_texts import ScoredTexts, bits


class NextToken(ScoredTexts):
    """Each token of a text, from those before it: causal language modelling (GPT, Llama); scored in bits per byte."""

    shape: ClassVar[Literal["row", "element", "sequence"]] = "sequence"
    decides: ClassVar[str] = "bits_per_byte"
    headline: ClassVar[tuple[str, ...]] = ("bits_per_byte", "perplexity")

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """int64 [L], at each place the next token, and float32 [L]: 1 where that one is scored."""
        ids, first = encoded["input_ids"], int(encoded["_scored"])
        targets, weights = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.float32)
        targets[:-1] = ids[1:]
        weights[max(first - 1, 0) : len(ids) - 1] = 1
        return targets, weights

    def scored(self, truth: Any, nats: float, weight: float) -> float | None:
        """Bits per byte of the row; None where it has no byte."""
        return nats / math.log(2) / truth if truth else None

    def columns(self) -> tuple[str, ...]:
        """What the tokens cost in nats, how many there are, and how many bytes they are."""
        return ("nats", "tokens", "bytes")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """Of one row."""
        return outcome.cost(outcome.truth)

    def decode(self, logits: Array, encoded: Sequence[Encoded]) -> list[Decoded]:
        """Bits per byte of the beginning of each text, as much of it as one window holds."""
        answers = []
        for row, own in zip(logits, encoded, strict=True):
            ids, first, size = own["_ids"], max(int(own["_scored"]), 1), int(own["_bytes"])
            cost = bits(row[first - 1 : len(ids) - 1], ids[first:])
            answers.append(Decoded(cost / size if size else 0.0, np.zeros(0, np.float32)))
        return answers
