"""The form in which a chat template writes a call: found by rendering one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Message, compact_json
from burnish.media.chat.processor import ChatProcessor
from burnish.media.chat.replies import message_of, written_reply

_NAME, _ARGUMENTS = "probe_name", {"probe_argument": "probe_value"}


@dataclass(frozen=True)
class CallForm:
    """A call as JSON, and what stands around it.

    Attributes:
        before: token ids before the JSON, such as the mark of a call.
        behind: token ids behind it, without the one that ends a reply.
        example: the JSON of a call of `probe_name`, its keys in the template's order.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]
    example: Mapping[str, Any]

    def schema(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON schema of a call of one function.

        Args:
            name: of the function.
            arguments: their JSON schema.
        """
        fields: dict[str, Any] = {}
        for key, value in self.example.items():
            fields[key] = dict(arguments) if value == _ARGUMENTS else {"const": name if value == _NAME else value}
        return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def call_form(chat: ChatProcessor, tools: Sequence[Mapping[str, Any]]) -> CallForm:
    """The form of a template.

    Args:
        chat: tokenizer, template and stop tokens.
        tools: on offer.

    Raises:
        InputError: the template writes no calls, or no JSON that is read back as one.
    """
    call = {"type": "function", "id": "call00000", "function": {"name": _NAME, "arguments": _ARGUMENTS}}
    asked, reply = Message("user", "x"), Message("assistant", tool_calls=compact_json([call]))
    template = chat.renderer.template
    if not (template.renders_tools and template.renders_calls):
        raise _formless("renders no tools and calls")
    before = template.render((asked,), tools, generation_prompt=True, where="")
    whole = template.render((asked, reply), tools, generation_prompt=False, where="")
    if not whole.startswith(before):
        raise _formless("does not begin a call where it begins a reply")
    text = whole[len(before) :]
    start, end, example = _json_of(text)
    behind = _until_stop(chat, text[end:])
    back = message_of(written_reply(text[:end] + chat.marked_text(behind))).calls
    if [one["function"] for one in back] != [{"name": _NAME, "arguments": _ARGUMENTS}]:
        raise _formless("writes calls that are not read back")
    return CallForm(tuple(chat.renderer.encode(text[:start]).ids), behind, example)


def _json_of(text: str) -> tuple[int, int, Mapping[str, Any]]:
    """Where the JSON of the call begins and ends, and itself."""
    read = json.JSONDecoder().raw_decode
    for start in (place for place, letter in enumerate(text) if letter == "{"):
        try:
            value, end = read(text, start)
        except ValueError:
            continue
        if _NAME in value.values() and _ARGUMENTS in value.values():
            return start, end, value
    raise _formless("writes calls otherwise than as a JSON object with name and arguments")


def _until_stop(chat: ChatProcessor, text: str) -> tuple[int, ...]:
    ids = chat.renderer.encode(text).ids
    stop = next((place for place, token in enumerate(ids) if token in chat.stops), None)
    return tuple(ids[:stop] if stop is not None else chat.renderer.encode(text.rstrip()).ids)


def _formless(what: str) -> InputError:
    return InputError(
        f"the chat template {what}, so no call can be forced",
        expected="a template that writes calls as JSON objects with name and arguments",
        fix="send tool_choice auto, or train with another template, such as chatml-tools",
    )
