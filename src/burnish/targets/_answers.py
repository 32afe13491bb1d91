"""What is told of an answer: what it is, what is known of its row, and what is wrong about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.batch import Array
from burnish.core.generated import Reason


@dataclass(frozen=True)
class Decoded:
    """An answer: in the words of the data, and how likely each possible answer is ([C] float32, empty for regression)."""

    answer: Any
    probabilities: Array
    score: float | None = None
    """Of what was written: the log of its probability; None for answers that are not written."""
    ended: Reason | None = None
    """Why it ended."""
    written: int | None = None
    """How many tokens were written, the stop token left out; None for answers that are not written."""
    words: tuple[Any, ...] = ()
    """With their times, of what was heard in one window, where these were asked for: `TimedWord`."""
    uncalibrated: Array | None = None
    """[C] float64: the probabilities before a calibrator changed them; None where nothing did."""


@dataclass(frozen=True)
class Outcome:
    """All that is known of a row with a truth once it was answered.

    Attributes:
        truth: as in the table of predictions.
        decoded: its answer, and of a written one how long it is and why it ended.
        nats: loss of the row, summed over its elements; not a number where no loss was computed.
        weight: sum of the weights of its elements: by what `nats` is divided; 0 where no loss was computed.
        parts: both of each of its parts, where each of its elements has several: the codebooks of a frame.
    """

    truth: Any
    decoded: Decoded
    nats: float = math.nan
    weight: float = 0.0
    parts: Sequence[tuple[float, float]] = ()

    def cost(self, size: float = 0.0) -> tuple[float, float, float]:
        """Nats, weight and a size, such as bytes: columns whose sums are divided.

        Each is 0 where nothing has weight: one such row among many counts for nothing, and does not make their sums no number.
        """
        return (self.nats, self.weight, float(size)) if self.weight else (0.0, 0.0, 0.0)

    def ending(self) -> tuple[float, float]:
        """Of a written answer: how many tokens it has, and 1 where it ended by itself; not a number where none was written."""
        decoded = self.decoded
        written = math.nan if decoded.written is None else float(decoded.written)
        return written, math.nan if decoded.ended is None else float(decoded.ended == "stop")


@dataclass(frozen=True)
class Classes:
    """What a report calls the classes of a target (a heading, and one of them), and what their support counts."""

    title: str = "Classes"
    one: str = "class"
    unit: str = "examples"


@dataclass(frozen=True)
class Usual:
    """The answer that needs no model.

    Attributes:
        answer: what is always said, in the words of the data: of each row, or of each element.
        note: what it is and how it was found, in a few words.
        shares: how probable it makes each name, or None where probabilities are not given.
    """

    answer: Any
    note: str
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Wrong:
    """What is wrong about an answer: in words what would have been right and what was said, and how bad it is."""

    truth: str
    answer: str
    size: float


@dataclass(frozen=True)
class Mistakes:
    """How a report speaks of wrong answers.

    Attributes:
        title: the heading.
        size: what `Wrong.size` is, in words.
        truth, answer: what stands before the truth and before the answer.
        signed: whether every row is more or less wrong, above or below, as with numbers.
    """

    title: str = "Worst mistakes"
    size: str = "size"
    truth: str = "label"
    answer: str = "prediction"
    signed: bool = False
