"""Conversations made the rows that training and test need: one a reply where a template or the context asks for it."""

from __future__ import annotations

from dataclasses import replace

from burnish.media.chat.conversation import Conversation
from burnish.media.chat.processor import ChatProcessor
from burnish.media.chat.rendered import REPLIES, Learned, Rendered
from burnish.media.chat.tally import Tally


class ChatUnfolding:
    """The rows of one split.

    Args:
        processor: what renders them.
        learned: what the loss is on, in training.
        held_out: one row for each reply, which alone is scored; else all that fits into one example is one row.
    """

    def __init__(self, processor: ChatProcessor, learned: Learned, *, held_out: bool) -> None:
        self._processor, self._learned, self._held_out = processor, learned, held_out
        self._tally = Tally()

    def cells(self, cell: str, place: str) -> list[str]:
        """What a conversation becomes, each again a conversation that ends in a reply.

        Raises:
            InputError: the template cannot render it.
        """
        conversation = Conversation.from_text(cell)
        if self._held_out:
            return [_until(conversation, n).to_text() for n in self._replies(conversation)]
        row = self._processor.renderer.examples(conversation, self._learned, limit=self._processor.limit, where=place)
        self._tally.add(row, place)
        whole = tuple(range(len(conversation.messages)))
        if len(row.examples) == 1 and row.examples[0].messages == whole:
            return [cell]
        return [_part(conversation, example).to_text() for example in row.examples]

    def said(self) -> list[str]:
        """What became of the rows, in sentences.

        Raises:
            InputError: nothing is learned, or everything by mistake, or nothing is left of a row.
        """
        if self._held_out:
            return []
        self._tally.refuse(replies_only=self._learned.roles == REPLIES.roles)
        return self._tally.sentences()

    def _replies(self, conversation: Conversation) -> list[int]:
        replies = [n for n, m in enumerate(conversation.messages) if m.role == "assistant" and m.weight > 0]
        return replies[-1:] if self._learned.last_only else replies


def _until(conversation: Conversation, last: int) -> Conversation:
    """The conversation up to a reply, which alone has weight."""
    messages = conversation.messages
    return Conversation((*(replace(m, weight=0.0) for m in messages[:last]), messages[last]), conversation.tools)


def _part(conversation: Conversation, example: Rendered) -> Conversation:
    """The messages of an example; those whose loss another example has are without weight."""
    learned = {span.message for span in example.spans}
    kept = [(n, conversation.messages[n]) for n in example.messages]
    return Conversation(tuple(m if n in learned else replace(m, weight=0.0) for n, m in kept), conversation.tools)
