"""What rendering did to all rows, added up: learned tokens, growth, losses by cause, rows of which nothing is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from burnish.core.errors import InputError
from burnish.media.chat.rendered import RenderedRow

_MOST_SHOWN = 5


@dataclass
class Tally:
    """Sums over rows; two of them add.

    Attributes:
        rows: conversations.
        examples: made of them.
        whole: tokens of the conversations in one piece.
        tokens: of the examples.
        learned: tokens with a weight.
        once_a_reply: conversations that became one example for each reply.
        shortened: replies whose earliest exchanges were left out.
        seams: examples whose prompt and reply were tokenised apart.
        lost: tokens of replies, by cause.
        vanished: rows whose replies were all lost.
        unlearned: rows without anything to learn, by their weights.
    """

    rows: int = 0
    examples: int = 0
    whole: int = 0
    tokens: int = 0
    learned: int = 0
    once_a_reply: int = 0
    shortened: int = 0
    seams: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    vanished: list[str] = field(default_factory=list)
    unlearned: list[str] = field(default_factory=list)

    def add(self, row: RenderedRow, where: str) -> None:
        """Count a row; `where` names it."""
        self.rows += 1
        self.examples += len(row.examples)
        self.whole += row.whole
        self.tokens += sum(len(e.ids) for e in row.examples)
        self.learned += sum(e.learned for e in row.examples)
        self.once_a_reply += row.once_a_reply
        self.shortened += row.shortened
        self.seams += row.seams
        self.lost.update(row.lost)
        if not row.examples:
            (self.vanished if row.lost else self.unlearned).append(where)

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in vars(self)})

    @property
    def growth(self) -> float:
        """Tokens of the examples for each token of the conversations; 1 where nothing is repeated or left out."""
        return self.tokens / self.whole if self.whole else 1.0

    def sentences(self) -> list[str]:
        """What a user should know, each in a sentence."""
        share = self.learned / self.tokens if self.tokens else 0.0
        out = [
            f"{self.rows:,} conversations, {self.examples:,} examples, {self.tokens:,} tokens, "
            f"{self.learned:,} learned ({share:.1%})."
        ]
        if self.once_a_reply:
            out.append(
                f"Earlier turns are not rendered as they were prompted: {self.once_a_reply:,} conversations became one "
                f"example for each reply, {self.growth:.2f} times the tokens."
            )
        if self.shortened:
            out.append(f"{self.shortened:,} replies are learned without their earliest exchanges, which do not fit.")
        if self.seams:
            out.append(f"In {self.seams:,} examples prompt and reply are tokenised apart, as in service.")
        out += [f"{tokens:,} tokens of replies are lost: {cause}." for cause, tokens in self.lost.most_common()]
        if self.vanished:
            out.append(f"Nothing is left of {len(self.vanished):,} rows: {_some(self.vanished)}.")
        if self.unlearned:
            out.append(f"Nothing is learned from {len(self.unlearned):,} rows of weight 0: {_some(self.unlearned)}.")
        return out

    def refuse(self, *, replies_only: bool, vanished: bool = False) -> None:
        """Stop before the first step where nothing, or everything, is learned by mistake.

        Args:
            replies_only: the loss is on replies, so some tokens must be without it.
            vanished: rows of which nothing is left are allowed.

        Raises:
            InputError: see above.
        """
        if not self.learned:
            raise InputError(
                f"no token of {self.rows:,} conversations is learned",
                expected="replies with a weight above 0 that fit into the limit",
                fix="look at the weights, the roles that are learned, and the limit",
                place=_some([*self.vanished, *self.unlearned]),
            )
        if replies_only and self.learned >= self.tokens - self.examples:
            raise InputError(
                f"all {self.learned:,} tokens are learned, prompts included",
                expected="loss on replies only",
                fix="look at the template and its {% generation %} marks; to learn all turns, say so",
            )
        if self.vanished and not vanished:
            raise InputError(
                f"nothing is left of {len(self.vanished):,} of {self.rows:,} rows: {', '.join(self.lost)}",
                expected="a reply that fits into the limit in each row",
                fix="raise the limit, shorten the rows, or allow such rows to be left out",
                place=_some(self.vanished),
            )


def _some(places: list[str]) -> str:
    more = len(places) - _MOST_SHOWN
    return ", ".join(places[:_MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
