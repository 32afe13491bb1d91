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
MARKS = {
    "<tool_call>": "</tool_call>",  # Hermes, Qwen, SmolLM2
    "[TOOL_CALLS]": "",  # Mistral
    "<|python_tag|>": "",  # Llama 3
    "<|tool_call|>": "<|/tool_call|>",  # Phi 4; Granite, which closes nothing
}
"""What stands before calls, and what behind them; empty: nothing."""


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
    for opening, closing in MARKS.items():
        content, calls = _between(text, opening, closing)
        if calls:
            return compact_json({"content": content.strip(), "tool_calls": calls})
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


def _between(text: str, opening: str, closing: str) -> tuple[str, list[dict[str, Any]]]:
    """Calls behind each mark, and the text without them; JSON ends where it ends, whatever its texts hold."""
    calls: list[dict[str, Any]] = []
    rest, at = "", text.find(opening)
    while at >= 0:
        begin = at + len(opening)
        begin += len(text[begin:]) - len(text[begin:].lstrip())
        found, end = _calls_at(text, begin)
        behind = text[end:].lstrip()
        closed = bool(closing) and behind.startswith(closing)
        if found and (closed or not closing or not behind):
            calls += found
            rest += text[:at]
            text = behind.removeprefix(closing) if closed else text[end:]
            at = text.find(opening)
        else:
            at = text.find(opening, at + 1)
    return rest + text, calls


def _calls(text: str) -> list[dict[str, Any]]:
    """Calls of a text that is JSON of one or of several; none where it is anything else."""
    calls, end = _calls_at(text, 0)
    return calls if not text[end:].strip() else []


def _calls_at(text: str, begin: int) -> tuple[list[dict[str, Any]], int]:
    """Calls in JSON of one or of several that begins here, and where it ends; none where there is anything else."""
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin)
    except (ValueError, RecursionError):
        return [], begin
    calls = []
    for call in value if isinstance(value, list) else [value]:
        arguments = call.get("arguments", call.get("parameters")) if isinstance(call, Mapping) else None
        if not isinstance(arguments, Mapping) or not isinstance(call.get("name"), str):
            return [], begin
        calls.append({"name": call["name"], "arguments": dict(arguments)})
    return calls, end
