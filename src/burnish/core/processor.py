"""What turns rows into numbers beside settings: a tokenizer, a feature extractor's settings, or a pair of them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

from burnish.core.errors import InputError


class Processor(ABC):
    """What an input or a target needs to encode. All that other rooms ask of it is here; most of it has an answer already."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of everything that changes what `encode` returns."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What must be written into the bundle beside the checkpoint's own files so that it can be restored the same."""

    @property
    def for_input(self) -> Processor:
        """What the input encodes with."""
        return self

    @property
    def for_target(self) -> Processor:
        """What the target encodes with: the same, unless the target has a processor of its own."""
        return self

    @property
    def limit(self) -> int | None:
        """Most elements (tokens) of a row; None where rows are not cut by elements."""
        return None

    def cut_at(self, limit: int) -> Processor:
        """The same with another `limit`.

        Raises:
            InputError: its rows are not cut by elements.
        """
        raise InputError(f"rows cannot be cut at {limit} elements", expected="an input of tokens")

    @property
    def side(self) -> int | None:
        """Height and width of a picture as the network sees it, in pixels; None where rows are no pictures."""
        return None

    @property
    def heard(self) -> tuple[int, float] | None:
        """Sampling rate in Hz, and seconds of the longest view; None where rows are no sounds."""
        return None

    @property
    def unknown(self) -> tuple[str, int] | None:
        """The encoded name and the number that stands for every piece of a row that it does not know; None without one."""
        return None

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """Channels, height and width of `pixel_values`; None where it gives no picture that an image network can read."""
        return None

    @property
    def gives(self) -> str:
        """What it makes of a row, in a word, for messages."""
        return "sequence of numbers"

    def text_ids(self, text: str) -> list[int]:
        """Token ids of a plain text as the network reads it from its beginning; none where it reads no texts."""
        return []

    def front(self) -> Any:
        """What a graph must do that is given rows as they are: a module of torch, or a `TextFront`.

        Raises:
            InputError: it leaves nothing to a graph. `Input.raw` gives a processor that does.
        """
        raise InputError(
            "no graph can read these examples as they are",
            expected="what `Input.raw` gives",
            fix="export without --raw",
        )


@dataclass(frozen=True)
class Pair(Processor):
    """Two processors: what the input reads with, and what the target writes and reads its answers with.

    Whoever calls an input gives it `for_input`; `Target.encode` and `Target.given` get the pair whole.

    Attributes:
        input, target: the two.
    """

    input: Processor
    target: Processor

    def fingerprint(self) -> str:
        """A hash of both."""
        return hashlib.sha256(f"{self.input.fingerprint()}\n{self.target.fingerprint()}".encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Those of each, under `input` and `target`."""
        return {"input": self.input.settings(), "target": self.target.settings()}

    @property
    def for_input(self) -> Processor:
        """The input's."""
        return self.input

    @property
    def for_target(self) -> Processor:
        """The target's."""
        return self.target

    @property
    def limit(self) -> int | None:
        """Of the input's rows."""
        return self.input.limit

    def cut_at(self, limit: int) -> Pair:
        """The input's rows cut."""
        return replace(self, input=self.input.cut_at(limit))

    @property
    def side(self) -> int | None:
        """Of the input's pictures."""
        return self.input.side

    @property
    def heard(self) -> tuple[int, float] | None:
        """Of the input's sounds."""
        return self.input.heard

    @property
    def unknown(self) -> tuple[str, int] | None:
        """What the input does not know."""
        return self.input.unknown

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """Of what the input gives."""
        return self.input.picture_shape

    def text_ids(self, text: str) -> list[int]:
        """The input's."""
        return self.input.text_ids(text)

    @property
    def gives(self) -> str:
        """What the input gives."""
        return self.input.gives

    def front(self) -> Any:
        """What a graph must do for the input."""
        return self.input.front()


def joined(whole: Processor, input: Processor) -> Processor:
    """The whole with another processor for its input: as a graph reads rows, say."""
    return replace(whole, input=input) if isinstance(whole, Pair) else input
