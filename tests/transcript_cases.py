"""A target whose answers are transcripts, tables of its predictions, and words to make them of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from burnish.core.batch import Array, Encoded
from burnish.core.predictions import Predictions, schema
from burnish.core.processor import Processor
from burnish.targets import Decoded, Outcome, Transcribed

WORDS = ("the", "ferry", "leaves", "at", "nine", "Don't", "10:30", "wait,", "नमस्ते", "渡船", "colour", "é")


class Heard(Transcribed):
    """A transcript without a network: what every target of transcripts inherits."""

    default_loss: ClassVar[str] = "cross_entropy"

    @property
    def outputs(self) -> int:
        """None."""
        return 0

    def learned(self, values: Iterable[Any]) -> Heard:
        """As it is."""
        return self

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """Nothing."""
        return np.zeros(0, np.int64), np.zeros(0, np.float32)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Nothing."""
        return np.zeros((len(pairs), length), np.int64), np.zeros((len(pairs), length), np.float32)


def transcript_table(
    truth: Sequence[str | None],
    answer: Sequence[str | None],
    groups: Sequence[str] | None = None,
    *,
    kind: str = "tests.transcript_cases:Heard",
    texts: str = "basic",
) -> Predictions:
    """A table of predictions whose columns are those that the target measures; `kind` is what the table calls it."""
    target, rows = Heard(texts=texts), len(truth)  # type: ignore[arg-type]
    empty = np.zeros(0, np.float32)
    measured = [
        [None] * len(target.columns())
        if said is None
        else target.measures(Outcome(said, Decoded(wrote, empty, -1.0, "stop", len((wrote or "").split())), 3.0, 2.0))
        for said, wrote in zip(truth, answer, strict=True)
    ]
    columns = {
        "row": np.arange(rows),
        "truth": truth,
        "answer": answer,
        "probabilities": [[]] * rows,
        "loss": [None if said is None else 1.5 for said in truth],
        "group": groups or [None] * rows,
        "weight": np.ones(rows),
        **{name: [row[place] for row in measured] for place, name in enumerate(target.columns())},
    }
    settings = {**target.model_dump(mode="json"), "kind": kind}
    form = schema(kind, [], target.arrow_type(), settings, target.columns())
    return Predictions(pa.table({f.name: pa.array(columns[f.name], f.type) for f in form}, schema=form))


def garbled(words: Sequence[str], draw: np.random.Generator) -> str:
    """Words of which some are missing, some are others, and some are there twice."""
    out = []
    for word in words:
        chance = draw.random()
        if chance > 0.1:
            out.append(str(draw.choice(WORDS)) if chance < 0.25 else word)
        if chance > 0.93:
            out.append(word)
    return " ".join(out)


def heard_table(rows: int, seed: int = 0, strange: bool = False, kind: str = "transcript") -> Predictions:
    """Transcripts that are partly right; some texts differ in nothing but casing and punctuation."""
    draw = np.random.default_rng(seed)
    said = [[str(word) for word in draw.choice(WORDS, draw.integers(3, 12))] for _ in range(rows)]
    truth: list[str | None] = [" ".join(words) for words in said]
    answer = [garbled(words, draw) if draw.random() < 0.8 else " ".join(words).upper() + "." for words in said]
    if rows > 1:
        answer[0] = "Nobody said this"  # in every table something is wrong
    if strange:
        truth[0], truth[1], answer[2] = None, "...", ""
    return transcript_table(truth, answer, kind=kind)
