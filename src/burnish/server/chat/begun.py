"""From a request to answers that are being written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from burnish.core.batch import Encoded
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders import Decoder, going_on
from burnish.media.text.streaming import TextStream
from burnish.media.text.token_bytes import TokenBytes
from burnish.server.chat.asked import SEEDS, Asked, ChatRequest, CompletionRequest, wrong
from burnish.server.chat.chances import Chances
from burnish.server.chat.choices import Choice, Choices
from burnish.server.chat.echo import Echo, echo_of
from burnish.server.chat.forced import forced
from burnish.server.chat.messages import conversation
from burnish.server.chat.parts import MARKS, Parts
from burnish.server.chat.prompts import of_conversation, of_text, processor_of, tokens_left
from burnish.server.refusal import Refused, overloaded
from burnish.server.served import Served

_OF_DECODERS = (
    "json_schema",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "stop",
    "seed",
)


@dataclass(frozen=True)
class _Prompt:
    """What is written on, and how."""

    encoded: Encoded
    decoder: Decoder
    ends: Ends
    parts: Callable[[], Parts | None]
    echo: Echo | None = None


async def begun(served: Served, asked: Asked, stopping: threading.Event) -> Choices:
    """The answers of a request, in the queue.

    Raises:
        Refused: the request cannot be answered (400), or too much is waiting (503).
    """
    deadline = time.monotonic() + served.settings.write_deadline
    prompts = await _prompts(served, asked, deadline)

    def late() -> Refused:
        if stopping.is_set():
            message = (
                f"the server is stopping, and the answer was not done within {served.settings.deadline:g} s: come again"
            )
            return overloaded(message, 1.0, status=503, reason="stopping")
        message = f"no whole answer within {served.settings.write_deadline:g} s: ask for fewer tokens, or come again"
        return overloaded(message, 2.0, status=503, reason="deadline")

    def soon() -> float | None:
        return served.settings.deadline if stopping.is_set() else None

    choices = Choices([], deadline, late, soon, prompt_tokens=sum(int(p.encoded["_length"]) for p in prompts))
    bundle, writer = served.predictor.bundle, served.writer
    assert writer is not None
    for prompt in prompts:
        arrays = bundle.input.collate([prompt.encoded], bundle.processor.for_input)[0]
        for turn in range(asked.n or 1):
            stream = TextStream(prompt.ends.text or str, getattr(prompt.decoder, "stop", ()))
            chances = _chances(served, asked, prompt)
            choice = Choice(len(choices.choices), stream, prompt.parts(), chances, prompt.echo)
            choices.choices.append(choice)
            choices.writing(
                choice,
                arrays,
                prompt.decoder,
                prompt.ends,
                seed=_seed(asked, turn),
                touched=writer.touched,
                others=asked.others,
            )
    writer.begin(choices.writings)
    return choices


def _chances(served: Served, asked: Asked, prompt: _Prompt) -> Chances | None:
    """What tells log probabilities; None where they are not asked for."""
    if asked.others is None:
        return None
    words = TokenBytes(processor_of(served.predictor.bundle).tokens.tokenizer)
    return Chances(words, prompt.ends.text or str, chat=isinstance(asked, ChatRequest), echo=prompt.echo)


def _seed(asked: Asked, turn: int) -> int | None:
    """Of one of the answers to a prompt; where none is named, any."""
    return None if asked.seed is None else ((asked.seed & SEEDS) + turn) & SEEDS


async def _prompts(served: Served, asked: Asked, deadline: float) -> list[_Prompt]:
    """Read in the model's threads."""
    most = served.settings.max_characters
    if isinstance(asked, ChatRequest):
        items: Sequence[Any] = [conversation(asked, most)]
    else:
        assert isinstance(asked, CompletionRequest)
        items = asked.prompts
        if any(len(one) > most for one in items):
            raise wrong(f"a prompt is longer than {most:,} characters: send less", "prompt", "context_length_exceeded")
    work = _reading(served, asked)
    try:
        read = await served.readers.each(work, items, deadline)
    except TimeoutError:
        raise overloaded("the request could not be read in time", 2.0, status=503, reason="deadline") from None
    for one in read:
        if isinstance(one, Refused):
            raise one
        if isinstance(one, InputError):
            raise wrong(said(one), _param(asked, one))
        if isinstance(one, BaseException):
            raise one
    return read


def _reading(served: Served, asked: Asked) -> Callable[[Any], _Prompt]:
    bundle, settings = served.predictor.bundle, served.settings
    most_told = served.writer.most_told if served.writer is not None else 0
    if asked.others is not None and most_told is not None and (asked.most is None or asked.most > most_told):
        raise wrong(_untold(served, most_told), "logprobs")
    size = processor_of(bundle).size
    if unknown := next((token for token in asked.logit_bias or () if int(token) >= size), None):
        raise wrong(f"logit_bias names token {unknown}: the model has tokens 0 to {size - 1}", "logit_bias")
    if asked.most is not None and asked.most > settings.max_output_tokens:
        message = f"max_tokens is {asked.most:,}: this server writes at most {settings.max_output_tokens:,}"
        raise wrong(message, "max_tokens")

    def read(item: Any) -> _Prompt:
        chat = isinstance(asked, ChatRequest)
        encoded = of_conversation(bundle, item) if chat else of_text(bundle, item)
        most = tokens_left(bundle, int(encoded["_length"]), asked.most, settings.max_output_tokens)
        held = forced(bundle, asked) if isinstance(asked, ChatRequest) and asked.forces else {}
        decoder = served.predictor.decoder(asked.decoding(max(1, most), **held))
        decoder = going_on(decoder, bundle.target, bundle.processor, {**encoded, "_prompt": encoded["input_ids"]})
        ends = bundle.target.ends(bundle.processor)  # type: ignore[attr-defined]
        if asked.others is not None and decoder.line(ends) is None:
            raise wrong(f"logprobs are not told of decoder {decoder.kind()}: send temperature, or none", "logprobs")
        if not isinstance(asked, ChatRequest):
            return _Prompt(encoded, decoder, ends, lambda: None, _echo(served, asked, item, encoded))
        offers = asked.offers
        if offers:  # marks of calls may be control tokens, which a text does not show
            ends = replace(ends, text=_marked(served))
        thinking = _opens_thought(served, encoded)
        if thinking and held:
            raise wrong("this model thinks before it calls, so no call can be forced: send auto", "tool_choice")
        return _Prompt(encoded, decoder, ends, lambda: Parts(calls=offers, thinking=thinking))

    return read


def _untold(served: Served, most: int) -> str:
    what = served.predictor.answers_with
    said = (
        f"logprobs of answers of more than {most} token are not given by {what}"
        if most
        else f"logprobs are not given by {what}"
    )
    less = f"ask for max_tokens {most}" if most else "leave them out"
    return f"{said}: {less}, or serve with --runtime torch"


def _echo(served: Served, asked: Asked, prompt: Any, encoded: Encoded) -> Echo | None:
    if not (isinstance(asked, CompletionRequest) and asked.echo):
        return None
    ids = encoded["input_ids"].tolist()
    return echo_of(processor_of(served.predictor.bundle), prompt, ids, alone=asked.most == 0)


def _marked(served: Served) -> Callable[[Sequence[int]], str]:
    """Ids to text, with the marks of calls and thoughts and without other control tokens."""
    chat = processor_of(served.predictor.bundle)
    hidden = [
        token.content
        for token in chat.tokens.tokenizer.get_added_tokens_decoder().values()
        if token.special and token.content not in MARKS
    ]

    def text(ids: Sequence[int]) -> str:
        whole = chat.marked_text(ids)
        for word in hidden:
            whole = whole.replace(word, "")
        return whole

    return text


def _opens_thought(served: Served, encoded: Encoded) -> bool:
    chat = processor_of(served.predictor.bundle)
    tail = chat.marked_text(encoded["input_ids"][-12:].tolist()).rstrip()
    return tail.endswith(("<think>", "<thinking>", "<thought>", "<reasoning>"))


def said(error: InputError) -> str:
    """An error of what was sent; what it advises for files of rows is left out."""
    return f"{error.found}; expected {error.expected}" if error.expected else error.found


def _param(asked: Asked, error: InputError) -> str:
    text = said(error)
    if isinstance(asked, ChatRequest) and asked.forces and "JSON schema" in text:
        return "tool_choice"
    named = next((name for name in _OF_DECODERS if name in text), None)
    if named == "json_schema" or "JSON schema" in text:
        return "response_format"
    return named or ("messages" if isinstance(asked, ChatRequest) else "prompt")
