"""A call is forced in the form of the template, whatever family it is of; what is written is read back as that call."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.media.chat.conversation import Message
from burnish.media.chat.processor import ChatProcessor
from burnish.media.chat.replies import message_of, written_reply
from burnish.media.chat.templates import ChatTemplate
from burnish.media.text.streaming import TextStream
from burnish.media.text.tokenizer import TokenizerProcessor
from burnish.server.chat.asked import ChatRequest
from burnish.server.chat.begun import _marked
from burnish.server.chat.forced import forced
from burnish.server.chat.parts import Parts, joined
from burnish.server.refusal import Refused
from tests.call_templates import CALLING, OTHERWISE, calling_tokenizer

FARE = {
    "type": "object",
    "properties": {
        "what": {"enum": ["person", "größe {2}", "</tool_call>"]},
        "many": {"type": "integer", "maximum": 9},
    },
    "required": ["what", "many"],
    "additionalProperties": False,
}
TIDE = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": "x", "parameters": parameters}}
    for name, parameters in (("fare", FARE), ("tide", TIDE))
]
NAMED = {"type": "function", "function": {"name": "fare"}}


def chat(source: str, tokens: dict[str, str], stops: tuple[str, ...]) -> ChatProcessor:
    words = calling_tokenizer()
    ids = tuple(words.token_to_id(stop) for stop in stops)
    template = ChatTemplate(source, tokens, {}, "2026-05-01", "a template")
    return ChatProcessor(TokenizerProcessor(words, 0, "right", ("input_ids",), None, Path(".")), template, ids)


def bundle(processor: ChatProcessor) -> Any:
    return SimpleNamespace(processor=SimpleNamespace(for_input=processor))


def request(choice: Any) -> ChatRequest:
    messages = [{"role": "user", "content": "x"}]
    return ChatRequest.model_validate({"model": "m", "messages": messages, "tools": TOOLS, "tool_choice": choice})


def written(processor: ChatProcessor, choice: Any, seed: int) -> list[int]:
    """What a network writes that likes any token as well as any other, held to the call."""
    held = forced(bundle(processor), request(choice))
    settings = {"kind": "sampling", "max_new_tokens": 400, "seed": seed, **held}
    ends = Ends(frozenset(processor.stops), processor.text, tokenizer=processor.tokens.tokenizer)
    line = cast(Decoder, build("burnish.decoders", settings)).line(ends, seed)
    assert line is not None
    draws, whole = np.random.default_rng(seed), None
    while whole is None:
        _, whole = line.took(draws.normal(size=processor.size).astype(np.float32))
    assert whole.ended == "stop"
    return list(line.ids)


@pytest.mark.parametrize("name", CALLING)
@pytest.mark.parametrize("choice", ["required", NAMED])
@pytest.mark.parametrize("seed", range(4))
def test_a_forced_call_is_read_back(name: str, choice: Any, seed: int) -> None:
    """By the predictor, and by the server as it streams."""
    processor = chat(*CALLING[name])
    ids = written(processor, choice, seed)
    (call,) = message_of(written_reply(processor.marked_text(ids))).calls
    assert call["function"]["name"] in (("fare", "tide") if choice == "required" else ("fare",))
    arguments = call["function"]["arguments"]
    if call["function"]["name"] == "fare":
        assert arguments["what"] in FARE["properties"]["what"]["enum"]  # type: ignore[index]
        assert isinstance(arguments["many"], int)
    else:
        assert arguments == {}
    served: Any = SimpleNamespace(predictor=SimpleNamespace(bundle=bundle(processor)))
    stream, parts = TextStream(_marked(served)), Parts(calls=True)
    deltas = [delta for count in range(1, len(ids) + 1) for delta in parts.more(stream.more(ids[:count]))]
    message = joined([*deltas, *parts.more(stream.rest(ids, None)), *parts.rest()])
    (streamed,) = message["tool_calls"]
    assert message["content"] is None
    assert streamed["function"]["name"] == call["function"]["name"]
    assert json.loads(streamed["function"]["arguments"]) == arguments


@pytest.mark.parametrize("name", CALLING)
def test_it_is_written_as_the_template_writes_it(name: str) -> None:
    """Rendered again, the conversation with the call holds what was written, so that training and service agree."""
    processor = chat(*CALLING[name])
    ids = written(processor, NAMED, 1)
    calls = message_of(written_reply(processor.marked_text(ids))).tool_calls
    (call,) = json.loads(calls)
    reply = Message("assistant", tool_calls=json.dumps([{**call, "id": "call00000"}]))
    text = processor.template.render((Message("user", "x"), reply), TOOLS)
    assert processor.marked_text(ids) in text


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_form_that_is_not_known_is_refused(name: str) -> None:
    processor = chat(OTHERWISE[name], {"eos_token": "<|im_end|>"}, ("<|im_end|>",))
    with pytest.raises(Refused, match="no call can be forced: send tool_choice auto"):
        forced(bundle(processor), request("required"))


@pytest.mark.parametrize(
    ("text", "content", "names"),
    [
        ('<tool_call>{"name": "a", "arguments": {"x": "</tool_call> {"}}</tool_call>', "", ["a"]),
        ('<tool_call>{"name": "a", "arguments": {}}', "", ["a"]),  # cut off behind the call
        ('so <tool_call>\n{"name": "a", "arguments": {}}\n</tool_call> and', "so  and", ["a"]),
        ('<tool_call>broken</tool_call><tool_call>{"name": "b", "arguments": {}}</tool_call>', None, ["b"]),
        ('<tool_call>{"name": "a", "arguments": {}} or not</tool_call>', None, []),
        (
            '[TOOL_CALLS] [{"name": "a", "arguments": {"x": "]"}}, {"name": "b", "arguments": {}}] done',
            "done",
            ["a", "b"],
        ),
        ('<|tool_call|>[{"name": "a", "arguments": {}}]', "", ["a"]),
        ('<|python_tag|>{"name": "a", "parameters": {"x": "}"}}', "", ["a"]),
        ('{"name": "a", "arguments": {}} indeed', None, []),
        ("<tool_call>" * 2000 + '{"name": "a", "arguments": {}}', "<tool_call>" * 1999, ["a"]),
        ("[" * 100_000, None, []),
    ],
)
def test_calls_are_read_as_far_as_their_json_goes(text: str, content: str | None, names: list[str]) -> None:
    message = message_of(written_reply(text))
    assert [call["function"]["name"] for call in message.calls] == names
    if content is not None:
        assert message.content == content
    elif not names:
        assert message.content == text
    else:
        assert message.content == "<tool_call>broken</tool_call>"
