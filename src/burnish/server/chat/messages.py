"""Messages of OpenAI's protocol as a conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.tool_json import calls_text, tools_text
from burnish.server.chat.asked import ChatRequest, wrong

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def conversation(asked: ChatRequest, most: int) -> Conversation:
    """What is answered.

    Args:
        asked: the request.
        most: characters of all texts together.

    Raises:
        Refused: what is wrong in which message (400).
    """
    messages = tuple(_message(given, f"messages[{number}]") for number, given in enumerate(asked.messages))
    if messages[-1].role == "assistant":
        raise wrong("the last message is the assistant's: end with a message to reply to", "messages")
    size = sum(len(m.content) + len(m.tool_calls) for m in messages)
    tools = _tools(asked.tools) if asked.offers else ""
    if size + len(tools) > most:
        raise wrong(
            f"the messages have {size:,} characters: send at most {most:,}", "messages", "context_length_exceeded"
        )
    return Conversation(messages, tools)


def _message(given: Mapping[str, Any], place: str) -> Message:
    role = given.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise wrong(f"{place}.role is {str(role)[:40]!r}: send one of {', '.join(_ROLES)}", f"{place}.role")
    unknown = next((name for name in given if name not in _KNOWN), None)
    if unknown is not None and given[unknown] not in (None, [], "", {}):
        raise wrong(f"{place}.{unknown[:80]} is not known here: leave it out", f"{place}.{unknown[:80]}")
    if given.get("tool_calls") and role != "assistant":
        raise wrong(f"{place}: only an assistant's message has tool_calls", f"{place}.tool_calls")
    try:
        calls = calls_text(given.get("tool_calls"), "")
    except InputError as error:
        raise wrong(f"{place}: {error.found}; send {error.expected}", f"{place}.tool_calls") from None
    texts = {name: _text(given.get(name), f"{place}.{name}") for name in ("tool_call_id", "name", "reasoning_content")}
    return Message(
        _ROLES[role],
        _content(given.get("content"), f"{place}.content", may_lack=role == "assistant" and bool(calls)),
        reasoning=texts["reasoning_content"],
        tool_calls=calls,
        tool_call_id=texts["tool_call_id"],
        name=texts["name"],
    )


_KNOWN = {
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "name",
    "reasoning_content",
    "refusal",
    "annotations",
    "audio",
}


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(f"{place} is no text: send a text", place)
    return value


def _content(value: Any, place: str, *, may_lack: bool) -> str:
    if isinstance(value, str):
        return value
    if value is None and may_lack:
        return ""
    if not isinstance(value, Sequence) or not value:
        raise wrong(f"{place} is no text: send a text", place)
    texts = []
    for number, part in enumerate(value):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind != "text" or not isinstance(part.get("text"), str):
            what = str(kind)[:40] if kind else "no part of a message"
            raise wrong(f"{place}[{number}] is {what!r}: this model reads parts of type text", f"{place}[{number}]")
        texts.append(part["text"])
    return "".join(texts)


def _tools(given: Any) -> str:
    for number, tool in enumerate(given):
        place = f"tools[{number}]"
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or tool.get("type", "function") != "function":
            raise wrong(f'{place} is no function: send {{"type": "function", "function": {{"name": ...}}}}', place)
        name = function.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            message = f"{place}.function.name is missing or no name: send up to 64 letters, digits, dashes, underscores"
            raise wrong(message, f"{place}.function.name")
        if not isinstance(function.get("parameters", {}), Mapping):
            raise wrong(
                f"{place}.function.parameters is no JSON schema: send an object", f"{place}.function.parameters"
            )
    try:
        return tools_text(given, "")
    except InputError as error:
        raise wrong(f"tools: {error.found}; send {error.expected}", "tools") from None
