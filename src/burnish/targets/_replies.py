"""What targets that a language model writes as replies share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.generated import Ends, Generated
from burnish.core.processor import Processor
from burnish.media.chat.conversation import COLUMN, Conversation, TokenIds, row_of
from burnish.media.chat.plain import ids_example
from burnish.media.chat.preview import pieces
from burnish.media.chat.processor import ChatProcessor
from burnish.media.chat.rendered import REPLIES, Learned, Rendered
from burnish.media.chat.replies import message_of, reply_text, written_reply
from burnish.media.text.token_row import token_row
from burnish.targets import Decoded, Generative, Outcome, OverVocabulary, Target, Taught
from burnish.targets._padding import padded_pairs

if TYPE_CHECKING:
    import pyarrow as pa


class Replies(Target, OverVocabulary, Generative, Taught):
    """A reply at the end of a conversation, written by a language model."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.chat", "burnish.media.text")
    shape: ClassVar[Literal["row", "element", "sequence"]] = "sequence"
    default_loss: ClassVar[str] = "cross_entropy"
    decides: ClassVar[str] = "loss"
    column: str = Field(COLUMN, description="Column that conversations are assembled in.")

    @property
    def outputs(self) -> int:
        """As many as the checkpoint has tokens; none are made."""
        return 0

    @property
    def learned_turns(self) -> Learned:
        """What the loss is on."""
        return REPLIES

    def learned(self, values: Iterable[Any]) -> Self:
        """As it is; nothing is learned from the rows."""
        return self

    def problem_with(self, value: Any) -> str:
        """Missing, or no reply at its end."""
        return "no conversation" if not isinstance(value, str) or not value else _problem(row_of(value))

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`input_ids` int32 [L - 1]: the conversation with its replies, without the last token."""
        return token_row(self._whole(value, encoded, processor)[0][:-1])

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """The next token at each place, int64 [L - 1], and its weight; 0 where nothing is learned."""
        ids, weights = self._whole(value, encoded, processor)
        return ids[1:].astype(np.int64), weights[1:]

    def _whole(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        chat = processor.for_target
        assert isinstance(chat, ChatProcessor)
        example = self._example(value, chat)
        if example is None:
            ids = np.append(encoded["input_ids"], chat.stops[:1]).astype(np.int32)
            return ids, np.zeros(len(ids), np.float32)
        return example.ids, example.weights()

    def _example(self, value: Any, chat: ChatProcessor) -> Rendered | None:
        row = _answered(value)
        if row is None:
            return None
        return ids_example(row, chat.size, "") if isinstance(row, TokenIds) else chat.example(row, self.learned_turns)

    def learned_pieces(
        self, encoded: Encoded, truth: tuple[Array, Array], processor: Processor
    ) -> list[tuple[str, bool]]:
        """The conversation as it is rendered, replies that are learned apart."""
        chat, (ids, weights) = processor.for_target, truth
        assert isinstance(chat, ChatProcessor)
        whole = [*encoded["input_ids"].tolist(), int(ids[-1])]
        return list(pieces(chat.tokens.tokenizer, whole, [False, *(weights > 0).tolist()]))

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded at the end as the rows are: targets int64 [B, L], weights float32 [B, L]."""
        return padded_pairs(pairs, length)

    def strata(self, value: Any) -> str | None:
        """None."""
        return None

    def truth(self, value: Any) -> str | None:
        """The reply as `media.chat.replies.reply_text` writes it."""
        row = _answered(value)
        if row is None:
            return None
        return row.reply if isinstance(row, TokenIds) else reply_text(row.messages[-1])

    def arrow_type(self) -> pa.DataType:
        """A text."""
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        """Negative log-likelihood of the reply in nats, its tokens and bytes, tokens written, and whether it ended by itself."""
        return ("nats", "tokens", "bytes", "written", "stopped")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """The columns of a row; not a number of what was not answered."""
        size = len(str(outcome.truth).encode("utf-8", "surrogatepass"))
        return (*outcome.cost(size), *outcome.ending())

    def ends(self, processor: Any) -> Ends:
        """The template's stop tokens."""
        chat = processor.for_target
        return Ends(frozenset(chat.stops), chat.text, tokenizer=chat.tokens.tokenizer)

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """What was written, in the form of a label."""
        (written,) = views
        chat, ids = processor.for_target, written.ids.tolist()
        answer = written_reply(chat.text(ids)[: written.cut])
        if written.cut is None:  # marks around calls may be control tokens, which a text does not show
            marked = written_reply(chat.marked_text(ids))
            answer = marked if message_of(marked).tool_calls else answer
        return Decoded(answer, np.zeros(0, np.float32), written.score, written.ended, len(ids))


def _problem(row: Conversation | TokenIds) -> str:
    if isinstance(row, TokenIds):
        return "" if any(row.learned) else "no token of it is learned"
    return "" if row.messages[-1].role == "assistant" else "no reply at its end"


def _answered(value: Any) -> Conversation | TokenIds | None:
    """What a cell holds, read once; None where there is nothing to learn."""
    row = row_of(value) if isinstance(value, str) and value else None
    return None if row is None or _problem(row) else row
