"""A reply as one text: what is compared with a label, and what was written read back, tool calls and thoughts apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from burnish.media.chat.conversation import Message, compact_json

_THOUGHT = re.compile(
    r"^\s*(?:<(?:think|thinking|thought|reasoning)>)?.*?</(?:think|thinking|thought|reasoning)>", re.S
)
_CALLS = (
    re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.S),  # Hermes, Qwen, SmolLM2
    re.compile(r"\[TOOL_CALLS\]\s*(\[.*\])", re.S),  # Mistral
    re.compile(r"<\|python_tag\|>\s*(\{.*\})", re.S),  # Llama 3
)


def reply_text(message: Message) -> str:
    """A reply as labels and predictions hold it.

    Its text; with tool calls, the JSON text of `{"content": ..., "tool_calls": [{"name": ..., "arguments": {...}}]}`.
    """
    if not message.tool_calls:
        return message.content.strip()
    calls = [{"name": c["function"]["name"], "arguments": c["function"]["arguments"]} for c in message.calls]
    return compact_json({"content": message.content.strip(), "tool_calls": calls})


def written_reply(text: str) -> str:
    """What a model wrote, in the form of `reply_text`: without its thought, calls read by the marks around them.

    Args:
        text: of the tokens, control tokens included, without the one that ended it.
    """
    text = _THOUGHT.sub("", text, count=1)
    for marks in _CALLS:
        calls = [call for match in marks.finditer(text) for call in _calls(match[1])]
        if calls:
            return compact_json({"content": marks.sub("", text).strip(), "tool_calls": calls})
    whole = _calls(text.strip()) if text.lstrip().startswith(("{", "[")) else []
    return compact_json({"content": "", "tool_calls": whole}) if whole else text.strip()


def message_of(text: str) -> Message:
    """The message of a reply in the form of `reply_text`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not (isinstance(value, dict) and isinstance(value.get("tool_calls"), list)):
        return Message("assistant", text)
    calls = [{"type": "function", "function": call} for call in value["tool_calls"]]
    return Message("assistant", str(value.get("content", "")), tool_calls=compact_json(calls))


def _calls(text: str) -> list[dict[str, Any]]:
    """Calls in a JSON text of one or of several; none where it is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    calls = []
    for call in value if isinstance(value, list) else [value]:
        arguments = call.get("arguments", call.get("parameters")) if isinstance(call, Mapping) else None
        if not isinstance(arguments, Mapping) or not isinstance(call.get("name"), str):
            return []
        calls.append({"name": call["name"], "arguments": dict(arguments)})
    return calls
