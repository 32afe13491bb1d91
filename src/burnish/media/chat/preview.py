"""What is learned, made visible before the first step: texts of examples, cut where the loss begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tokenizers import Tokenizer

from burnish.media.chat.rendered import Rendered

Piece = tuple[str, bool]


@dataclass(frozen=True)
class Preview:
    """An example to be shown.

    Attributes:
        where: file and row.
        pieces: texts in order, each with whether its tokens are learned; joined they are the example's text.
        tokens: of the example.
        learned: tokens with a weight.
    """

    where: str
    pieces: tuple[Piece, ...]
    tokens: int
    learned: int

    def sentence(self) -> str:
        """Where the example is from, and how much of it is learned."""
        return f"{self.where}: {self.learned:,} of {self.tokens:,} tokens are learned."

    def marked(self) -> str:
        """The text with learned parts in ⟦ ⟧, for logs without colour."""
        return "".join(f"⟦{text}⟧" if learned else text for text, learned in self.pieces)


def preview(tokenizer: Tokenizer, examples: Iterable[tuple[str, Rendered]], rows: int = 3) -> list[Preview]:
    """The first examples, decoded from their ids: what the model reads, and not what the row said.

    The last of them is the first with a tool call, where there is one and the others have none: it shows how arguments
    are written.

    Args:
        tokenizer: that made them.
        examples: each with where it is from.
        rows: how many are shown.
    """
    chosen: list[tuple[str, Rendered]] = []
    for where, example in examples:
        if len(chosen) < rows:
            chosen.append((where, example))
        elif example.calls:
            chosen[-1] = (where, example)
        if len(chosen) == rows and any(e.calls for _, e in chosen):
            break
    return [
        Preview(where, tuple(pieces(tokenizer, e.ids.tolist(), (e.weights() > 0).tolist())), len(e.ids), e.learned)
        for where, e in chosen
    ]


def pieces(tokenizer: Tokenizer, ids: Sequence[int], learns: Sequence[bool]) -> Iterator[Piece]:
    """Runs of learned and of other tokens as texts, from L ids and whether each is learned."""
    end, shown = 0, ""
    for learned, run in groupby(learns):
        end += len(list(run))
        # Decoding from the beginning keeps spaces between runs, which tokenizers write at the head of a token.
        text = tokenizer.decode(ids[:end], skip_special_tokens=False)
        whole = text if end == len(ids) else text.rstrip("\ufffd")  # half a character belongs to the next run
        yield whole[len(shown) :], bool(learned)
        shown = whole
