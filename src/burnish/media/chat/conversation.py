"""What a row of a language model is: a conversation, a plain text, or token ids. Tools and calls stay JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

COLUMN = "conversation"
"""Of a table whose rows were assembled: a conversation as `Conversation.to_text` writes it."""
ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Message:
    """One turn.

    Attributes:
        role: one of `ROLES`.
        content: the text; may be empty where there are tool calls.
        reasoning: the thought before the text, where it is kept apart; empty where there is none.
        tool_calls: JSON text of a list of calls in OpenAI's form, arguments as an object; empty where there are none.
            Text, because tables give all rows one schema and would write foreign nulls into it.
        tool_call_id: which call a tool's result answers; may be empty.
        name: who speaks, or which tool answers; may be empty.
        weight: of the loss on this turn, where its role is learned; 0 or more.
    """

    role: str
    content: str = ""
    reasoning: str = ""
    tool_calls: str = ""
    tool_call_id: str = ""
    name: str = ""
    weight: float = 1.0

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The tool calls, read from their JSON text."""
        return list(json.loads(self.tool_calls)) if self.tool_calls else []


@dataclass(frozen=True)
class Conversation:
    """Turns in order, and the tools that the model may call.

    Attributes:
        messages: perhaps a system message, then user and assistant in turn; a call is followed by its results.
        tools: JSON text of a list of tools in OpenAI's form; empty where there are none.
    """

    messages: tuple[Message, ...]
    tools: str = ""

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The tools, read from their JSON text."""
        return list(json.loads(self.tools)) if self.tools else []

    @property
    def asked(self) -> str:
        """All that the user says, one message a line: what splits are grouped by, and near-duplicates are found in."""
        return "\n".join(m.content for m in self.messages if m.role == "user")

    def to_text(self) -> str:
        """One JSON text, for one text column of a table; `from_text` reads it back equal."""
        values = {"messages": [_without_defaults(m) for m in self.messages], "tools": self.tools}
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Conversation:
        """A conversation that `to_text` wrote."""
        values = json.loads(text)
        return cls(tuple(Message(**m) for m in values["messages"]), values["tools"])


@dataclass(frozen=True)
class PlainText:
    """A text to continue pretraining on; every token is learned."""

    text: str


@dataclass(frozen=True)
class TokenIds:
    """A row that was tokenised elsewhere.

    Attributes:
        ids: token ids, [L].
        learned: whether each token is learned, [L].
        reply: the text of the last learned tokens, where it is known.
    """

    ids: tuple[int, ...]
    learned: tuple[bool, ...]
    reply: str = ""

    @property
    def asked(self) -> int:
        """How many tokens stand before the last run of learned ones; all where none is learned."""
        end = max((n for n, learned in enumerate(self.learned) if learned), default=None)
        if end is None:
            return len(self.ids)
        return max((n + 1 for n, learned in enumerate(self.learned[:end]) if not learned), default=0)

    def to_text(self) -> str:
        """One JSON text, for one text column of a table; `row_of` reads it back equal."""
        return json.dumps({"ids": self.ids, "learned": [int(one) for one in self.learned], "reply": self.reply})


Row = Conversation | PlainText | TokenIds


def row_of(text: str) -> Conversation | TokenIds:
    """What `to_text` of either wrote."""
    if not text.startswith('{"ids"'):
        return Conversation.from_text(text)
    values = json.loads(text)
    return TokenIds(tuple(values["ids"]), tuple(bool(one) for one in values["learned"]), values["reply"])


def template_messages(messages: Sequence[Message], *, arguments_as_text: bool = False) -> list[dict[str, Any]]:
    """Messages as templates read them: dicts, what is empty left out except the content.

    Args:
        messages: of a conversation.
        arguments_as_text: give the arguments of calls as JSON text, for the few templates that join texts.
    """
    return [_template_message(m, arguments_as_text) for m in messages]


def _template_message(message: Message, arguments_as_text: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning:
        out |= {"thinking": message.reasoning, "reasoning_content": message.reasoning}  # both names, as transformers
    if message.tool_calls:
        calls = message.calls
        if arguments_as_text:
            for call in calls:
                call["function"]["arguments"] = compact_json(call["function"]["arguments"])
        out["tool_calls"] = calls
    if message.tool_call_id:
        out["tool_call_id"] = message.tool_call_id
    if message.name:
        out["name"] = message.name
    return out


def compact_json(value: Any, *, constants: bool = True) -> str:
    """JSON text that keeps the order of keys, nulls and letters as they are.

    Raises:
        ValueError: NaN or infinity, which are no JSON, where `constants` are not allowed.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=constants)


def _without_defaults(message: Message) -> Mapping[str, Any]:
    plain = Message(message.role)
    return {name: value for name, value in asdict(message).items() if name == "role" or value != getattr(plain, name)}
