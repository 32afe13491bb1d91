"""One conversation with one model: what was said, kept within the context, and the reply while it is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, cast

from burnish.answering.predictor import Predictor
from burnish.answering.requested import Decoding
from burnish.answering.streaming import Reply
from burnish.core.errors import InputError
from burnish.media.chat.checks import check
from burnish.media.chat.conversation import COLUMN, Conversation, Message
from burnish.media.chat.processor import ChatProcessor
from burnish.media.chat.replies import message_of

_GREATEST_SEED = 1 << 31


class Session:
    """A conversation that goes on.

    Args:
        predictor: who replies.
        decoding: settings of each reply; without a seed each is drawn anew.
        system: the message in front of the conversation; empty: none.
        say: told, in a sentence, what is left out of the conversation.
    """

    def __init__(
        self, predictor: Predictor, decoding: Decoding, system: str = "", say: Callable[[str], None] = lambda text: None
    ) -> None:
        self._predictor, self._decoding, self._say = predictor, decoding, say
        self.system = system
        self.exchanges: list[tuple[Message, Message]] = []
        self.last: Reply | None = None

    def reset(self, system: str | None = None) -> None:
        """Forget what was said; with another system message, where one is given."""
        self.exchanges = []
        self.system = self.system if system is None else system

    def said(self, text: str) -> Generator[str]:
        """The pieces of the reply to a message. What was written when nobody asked for more is kept as the reply.

        Raises:
            InputError: a message that cannot be rendered, or is alone longer than the context; it is not kept.
        """
        message = Message("user", text)
        self._fit(message)
        pieces = self.alone({COLUMN: self._conversation(message).to_text()})
        try:
            yield from pieces
        finally:
            pieces.close()
            self._keep(message)

    def alone(self, row: Any) -> Generator[str]:
        """The pieces of the reply to a conversation from elsewhere, which is not kept."""
        self.last = None
        decoding = self._decoding
        if decoding.seed is None and self.draws:
            decoding = replace(decoding, seed=secrets.randbelow(_GREATEST_SEED))
        self.last = self._predictor.reply(row, decoding)
        yield from self.last

    @property
    def draws(self) -> bool:
        """Whether replies are drawn at random."""
        return self._decoding.decoder(self._predictor.bundle.decoder).kind() == "sampling"

    def _conversation(self, message: Message) -> Conversation:
        system = [Message("system", self.system)] if self.system else []
        return Conversation((*system, *(m for exchange in self.exchanges for m in exchange), message))

    def _fit(self, message: Message) -> None:
        chat = cast("ChatProcessor", self._predictor.bundle.processor.for_input)
        left = chat.left_out(self._conversation(message))
        if left:
            self.exchanges = self.exchanges[left:]
            what = "exchange no longer fits" if left == 1 else f"{left} exchanges no longer fit"
            self._say(f"the earliest {what} into the context: forgotten")

    def _keep(self, message: Message) -> None:
        """Add what was said, unless there is no whole message that could stand in a conversation."""
        if self.last is None:
            return
        text = self.last.text.strip()
        if self.last.answer is not None and not message_of(str(self.last.answer.answer)).tool_calls:
            text = str(self.last.answer.answer)
        reply = Message("assistant", text)
        try:
            check(Conversation((message, reply)), "")
        except InputError as error:
            self._say(f"this exchange is not kept: {error.found}")
            return
        self.exchanges.append((message, reply))
