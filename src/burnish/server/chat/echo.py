"""A prompt that is told before what is written on it (`echo` of completions)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from burnish.core.generated import Chance
from burnish.media.chat.processor import ChatProcessor
from burnish.media.text.growing_text import HALF, GrowingText


@dataclass(eq=False)
class Echo:
    """A prompt as it is told.

    Attributes:
        text: of the prompt.
        ids: its tokens.
        ends: where the text of each ends, in characters.
        alone: nothing is written on it.
        chances: of its tokens from the second on, where they were asked for; there before the first token is.
    """

    text: str
    ids: Sequence[int]
    ends: Sequence[int]
    alone: bool
    chances: Sequence[Chance] = ()

    def heard(self, chances: Sequence[Chance]) -> None:
        """These are its chances."""
        self.chances = chances


def echo_of(chat: ChatProcessor, prompt: str | list[int], ids: Sequence[int], *, alone: bool) -> Echo:
    """Of a prompt as it was sent; of token ids the text is what they decode to, control tokens included.

    Args:
        chat: what read it.
        prompt: as it was sent.
        ids: its tokens.
        alone: nothing is written on it.
    """
    if isinstance(prompt, str):
        text, ends = prompt, [end for _, end in chat.tokens.tokenizer.encode(prompt).offsets]
    else:
        text, growing = chat.marked_text(ids), GrowingText(chat.marked_text)
        ends = [len(growing(ids[: count + 1]).rstrip(HALF)) for count in range(len(ids))]
    return Echo(text, ids, list(accumulate(ends, max)), alone)
