"""Examples made of conversations: ids, learned spans, and what became of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.media.chat.conversation import ROLES


@dataclass(frozen=True)
class Learned:
    """What the loss is on.

    Attributes:
        roles: whose turns are learned; the assistant's alone, if not said otherwise.
        last_only: of the assistant's turns, the last of each conversation alone.
    """

    roles: tuple[str, ...] = ("assistant",)
    last_only: bool = False

    def __post_init__(self) -> None:
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown or not self.roles:
            raise InputError(f"loss on the roles {', '.join(self.roles) or 'of nobody'}", expected=", ".join(ROLES))


REPLIES = Learned()
ALL_TURNS = Learned(ROLES)


@dataclass(frozen=True)
class Span:
    """Learned tokens of one message: start and end (not included), the number of the message, its weight."""

    start: int
    end: int
    message: int
    weight: float


@dataclass(frozen=True)
class Rendered:
    """One example.

    Attributes:
        ids: int32 [L].
        spans: of learned tokens, in order, apart from each other.
        messages: numbers of the messages that are in it.
        calls: of them, how many are tool calls.
    """

    ids: Array = field(compare=False)
    spans: tuple[Span, ...]
    messages: tuple[int, ...] = ()
    calls: int = 0

    def weights(self) -> Array:
        """float32 [L]: the weight of the loss on each token being predicted; the first token is never predicted."""
        out = np.zeros(len(self.ids), np.float32)
        for span in self.spans:
            out[span.start : span.end] = span.weight
        if len(out):
            out[0] = 0
        return out

    @property
    def learned(self) -> int:
        """Learned tokens."""
        return int((self.weights() > 0).sum())


@dataclass(frozen=True)
class RenderedRow:
    """What became of a conversation.

    Attributes:
        examples: none where nothing is learned, or where all that is learned is lost.
        whole: tokens of the conversation in one piece.
        once_a_reply: the template changes earlier turns, so there is an example for each reply.
        shortened: replies whose earliest exchanges were left out, because they do not fit.
        lost: tokens of replies that do not fit, by cause.
        seams: examples whose prompt and reply had to be tokenised apart.
    """

    examples: tuple[Rendered, ...]
    whole: int
    once_a_reply: bool = False
    shortened: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    seams: int = 0
