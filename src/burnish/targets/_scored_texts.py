"""What targets share whose truth is the text that the input reads: they are scored, and not answered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.targets import Outcome, OverVocabulary, Scored, Target, Taught
from burnish.targets._padding import padded_pairs

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T", bound="ScoredTexts")


class ScoredTexts(Target, OverVocabulary, Scored, Taught):
    """The tokens of a text are the truth. A row's answer is what they cost, in bits; its truth how many bytes they are."""

    default_loss: ClassVar[str] = "cross_entropy"
    column: str = Field("", description="Column of the texts; empty: the one that the input reads.")

    @property
    def outputs(self) -> int:
        """0: as many as the checkpoint has tokens."""
        return 0

    def learned(self: T, values: Iterable[Any]) -> T:
        """As it is, where there is a text.

        Raises:
            InputError: no row has one.
        """
        if not any(text_of(value).strip() for value in values):
            raise InputError(
                f"column {self.column!r} holds no text in the training split",
                expected="texts, such as articles, reviews or messages",
                fix="name the column: --input COLUMN",
            )
        return self

    def problem_with(self, value: Any) -> str:
        """No text."""
        return "" if isinstance(value, Mapping) or text_of(value).strip() else "no text"

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """[B, L] and [B, L]; padding has weight 0."""
        return padded_pairs(pairs, length)

    def strata(self, value: Any) -> str | None:
        """None: texts have no classes."""
        return None

    def truth(self, value: Any) -> float | None:
        """Bytes of the text; None where there is none."""
        size = float(len(text_of(value).encode("utf-8", "surrogatepass")))
        return None if self.problem_with(value) else size

    def arrow_type(self) -> pa.DataType:
        """A double."""
        import pyarrow as pa

        return pa.float64()

    def columns(self) -> tuple[str, ...]:
        """What the tokens cost in nats, and how many there are."""
        return ("nats", "tokens")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """Of one row."""
        return outcome.cost()[:2]


def text_of(value: Any) -> str:
    """The text of a cell, of a window as of a document; empty where there is none."""
    if isinstance(value, Mapping):
        value = value["text"]
    return "" if value is None else str(value)


def bits(logits: Array, tokens: Array) -> float:
    """What tokens [N] cost by logits [N, V], in bits, summed."""
    values = logits.astype(np.float64)
    highest = values.max(axis=-1)
    totals = highest + np.log(np.exp(values - highest[:, None]).sum(axis=-1))
    return float((totals - values[np.arange(len(tokens)), tokens]).sum() / math.log(2)) if len(tokens) else 0.0
