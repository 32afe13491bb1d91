"""Conversations to ids by a checkpoint's template: what training and service share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from tokenizers import Encoding, Tokenizer

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.stops import control_ids
from burnish.media.chat.templates import ChatTemplate
from burnish.media.text.tokenizer import not_unicode

_THOUGHT_MARK = re.compile(r"</?(think|thinking|thought|reasoning)>")


@dataclass(frozen=True)
class TemplateEncoder:
    """A tokenizer, the template, and where generation stops: texts become ids, and what cannot be rendered is refused.

    Attributes:
        tokenizer: without truncation and padding.
        template: of the checkpoint, or given.
        stop_ids: tokens that end a reply, from `stops.settle_stops`.
    """

    tokenizer: Tokenizer
    template: ChatTemplate
    stop_ids: tuple[int, ...]

    def encode(self, text: str) -> Encoding:
        """A rendered text; the template has written all special tokens, so none is added.

        Raises:
            InputError: it is no Unicode text (half a surrogate pair).
        """
        try:
            return self.tokenizer.encode(text, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            raise not_unicode([text]) from None

    def prompt_ids(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], where: str) -> list[int]:
        """What stands before a reply, in service and in training.

        Raises:
            InputError: the template fails, or begins a text twice.
        """
        return self.one_beginning(self.encode(self.prompt_text(messages, tools, where)).ids, where)

    def prompt_text(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], where: str) -> str:
        """The text of `prompt_ids`."""
        return self.template.render(messages, tools, generation_prompt=True, where=where)

    def check(self, conversation: Conversation, where: str) -> None:
        """Refuse what the template would drop without a word, and texts that hold control tokens.

        Raises:
            InputError: see above.
        """
        dropped = ""
        if conversation.tools and not self.template.renders_tools:
            dropped = "tools on offer"
        elif any(m.tool_calls for m in conversation.messages) and not self.template.renders_calls:
            dropped = "tool calls"
        if dropped:
            raise InputError(
                f"the chat template does not render {dropped}",
                expected="a template that knows tools",
                fix="give a template, such as chatml-tools for a ChatML checkpoint, or leave such rows out",
                place=where or self.template.place,
            )
        if match := self._control.search(conversation.tools):
            raise self._holds("the tools hold", match[0], where)
        for number, message in enumerate(conversation.messages, 1):
            if match := self._control.search("\n".join((message.content, message.reasoning, message.tool_calls))):
                raise self._holds(f"the text of message {number} holds", match[0], where)

    def _holds(self, what: str, token: str, where: str) -> InputError:
        return InputError(
            f"{what} {token!r}, which the tokenizer reads as a control token",
            expected="texts without control tokens: the template writes them",
            fix="remove it; where rows were rendered before, give their parts",
            place=where,
        )

    def one_beginning(self, ids: list[int], where: str) -> list[int]:
        """The ids.

        Raises:
            InputError: the text begins twice.
        """
        begin = self._begin
        if begin is not None and any(a == b == begin for a, b in pairwise(ids)):
            raise InputError(
                "two beginning-of-text tokens follow each other",
                expected="one, written by the template",
                fix="remove it from the template or from the row",
                place=where or self.template.place,
            )
        return ids

    @cached_property
    def control(self) -> frozenset[int]:
        """Tokens that no text is made of, and those at which generation stops."""
        return frozenset(control_ids(self.tokenizer)) | frozenset(self.stop_ids)

    @cached_property
    def _begin(self) -> int | None:
        token = self.template.special_tokens.get("bos_token")
        return None if token is None else self.tokenizer.token_to_id(token)

    @cached_property
    def _control(self) -> re.Pattern[str]:
        added = self.tokenizer.get_added_tokens_decoder().values()
        tokens = [t.content for t in added if t.special and t.content and not _THOUGHT_MARK.fullmatch(t.content)]
        return re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))) or r"(?!)")
