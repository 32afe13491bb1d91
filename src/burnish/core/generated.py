"""A sequence of tokens that a network was made to write, and why it ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from burnish.core.batch import Array

Reason = Literal["stop", "length"]
"""`stop`: a stop token, a stop string, or the end of the frames; `length`: as many tokens as were allowed."""
TIMED = "_timed"
"""Of a view: 1 where the times of its words are wanted, which costs another pass of the decoder that writes."""


@dataclass(frozen=True)
class Generated:
    """What was written for one view of a row.

    Attributes:
        ids: int64 [T], without the stop token and without the prompt.
        score: log of the probability that the network gives it, in nats; of a CTC labelling over all its paths.
        ended: why it ended.
        cut: how many characters of its text stand before a stop string; None where no stop string ended it.
        words: with their times, where these were asked for and there are some: `media.transcript.aligning.TimedWord`.
    """

    ids: Array
    score: float
    ended: Reason
    cut: int | None = None
    words: tuple[Any, ...] = ()


@dataclass(frozen=True)
class TokenTimes:
    """Where in its sound each of T tokens was written.

    Attributes:
        begins: float64 [T + 1], seconds at which each begins, then at which the last one ends; never falling.
        logs: float64 [T], log of the probability of each, in nats.
    """

    begins: Array
    logs: Array


class TellsTimes(ABC):
    """What computes transcripts and can tell where in the sound their tokens are; it inherits this beside what it is."""

    @abstractmethod
    def begun(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Rows with what both writing and times read computed once, the states of an encoder, in place of what it read.

        Both take rows with and without; what they give is the same.
        """

    @abstractmethod
    def token_times(
        self, arrays: Mapping[str, Array], written: Sequence[Sequence[int]], seconds: Sequence[float]
    ) -> list[TokenTimes | None]:
        """Of each of B rows; None of one without tokens.

        Args:
            arrays: as the rows were written from, or `begun`.
            written: ids of each, without prompt and end.
            seconds: of sound in each, behind which there is silence that was put there.
        """


@dataclass(frozen=True)
class Chance:
    """How probable a token was, as the network gives it: before temperature, penalties and a schema.

    Attributes:
        token: its id.
        log: log of its probability, in nats.
        others: the most probable tokens at its place, the first the most probable, each with the log of its probability.
    """

    token: int
    log: float
    others: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Progress:
    """A row while it is written.

    Attributes:
        row: its place among the rows that are written together.
        ids: the token ids so far, without a stop token.
        whole: the finished sequence; None where it goes on.
        chances: of each of `ids`, then of a stop token that ended it, where they were asked for; else empty.
    """

    row: int
    ids: Sequence[int]
    whole: Generated | None = None
    chances: Sequence[Chance] = ()


class Writing(Protocol):
    """One sequence that is held to a grammar while it is written."""

    def masked(self, logits: Array) -> Array:
        """Logits [V] with minus infinity for every token that may not come."""

    def after(self, token: int) -> Writing:
        """The sequence with this token."""

    def took(self, token: int) -> None:
        """This token was chosen."""


@dataclass(frozen=True)
class Ends:
    """What ends a sequence, as the target's tokenizer says it.

    Attributes:
        stop: ids of tokens after which nothing follows.
        text: ids to text; needed for stop strings only.
        blank: the token that stands for nothing: of CTC, or of a codebook that has not begun.
        tokenizer: the Rust tokenizer (`tokenizers.Tokenizer`) of texts; None for answers that are no texts.
        never, never_first: ids that are not written, and not as the first token.
        most: tokens that fit behind what the decoder begins with, the stop token included; None: no limit. Where several
            codes are written at a step, frames.
        orders: from the tokens that may be written to a sequence that is held to the target's own grammar; None: it has none.
        late: by how many steps each of the codebooks of a step is late; empty where a token is written at a step.
        frames_per_second: of codebooks.
        seconds: of codebooks, how long an answer is where the decoder does not say it.
    """

    stop: frozenset[int] = frozenset()
    text: Callable[[Sequence[int]], str] | None = None
    blank: int = 0
    tokenizer: Any = None
    never: tuple[int, ...] = ()
    never_first: tuple[int, ...] = ()
    most: int | None = None
    orders: Callable[[int], Writing] | None = None
    late: tuple[int, ...] = ()
    frames_per_second: float = 0.0
    seconds: float = 0.0
