"""The tokens at which generation stops, and that every learned reply ends in one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.templates import ChatTemplate

_LAST_WORD = "gladly."
_REPLY = Message("assistant", f"Yes, {_LAST_WORD}")
_CALL = Message(
    "assistant",
    tool_calls='[{"type": "function", "id": "probe0001", "function": {"name": "look", "arguments": {"at": "gladly."}}}]',
)
_USER = Message("user", "Can you help?")
_TOOLS = (
    '[{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}]'
)


@dataclass(frozen=True)
class Stops:
    """Stop tokens.

    Attributes:
        ids: of the checkpoint, and those added; they belong into the bundle's generation config.
        added: tokens that end replies in the template, at which the checkpoint's generation did not stop.
    """

    ids: tuple[int, ...]
    added: tuple[str, ...] = ()

    def sentence(self, tokenizer: Tokenizer) -> str:
        """The stop tokens, in one sentence."""
        names = ", ".join(str(tokenizer.id_to_token(stop)) for stop in self.ids)
        extra = f"; {', '.join(self.added)} added, because the template ends replies with it" if self.added else ""
        return f"Generation stops at {names}{extra}."


def checkpoint_stops(folder: Path, tokenizer: Tokenizer, template: ChatTemplate) -> tuple[int, ...]:
    """Stop tokens of a checkpoint: generation_config.json, else config.json, else the tokenizer's end of sequence."""
    for name in ("generation_config.json", "config.json"):
        path = folder / name
        value = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
        if value is not None:
            return tuple(value) if isinstance(value, list) else (int(value),)
    token = template.special_tokens.get("eos_token")
    number = tokenizer.token_to_id(token) if token else None
    return () if number is None else (int(number),)


def settle_stops(tokenizer: Tokenizer, template: ChatTemplate, known: Sequence[int], *, add: bool = True) -> Stops:
    """Stop tokens that hold every way a reply ends in this template, one with a tool call too.

    Args:
        tokenizer: of the checkpoint.
        template: of the checkpoint, or given.
        known: from `checkpoint_stops`.
        add: what is missing is added; otherwise refused.

    Raises:
        InputError: replies end in no token of their own, so that generation would not end; or one is missing and
            `add` is not set.
    """
    ids, added = list(dict.fromkeys(known)), []
    probes = [Conversation((_USER, _REPLY))]
    if template.renders_calls:
        probes.append(Conversation((_USER, _CALL), _TOOLS))
    for probe in probes:
        last = _last_token(tokenizer, template, probe, ids)
        if last in ids:
            continue
        name = str(tokenizer.id_to_token(last))
        if last not in control_ids(tokenizer):
            raise InputError(
                f"the chat template ends replies with {name!r}, which is no token of its own",
                expected="a control token behind each reply, such as eos_token: without it generation does not end",
                fix="give a template that writes eos_token behind each reply, or choose 'instruction' or 'plain'",
                place=template.place,
            )
        if not add:
            raise InputError(
                f"the chat template ends replies with {name!r}, at which generation does not stop",
                expected=f"{name!r} among the stop tokens of generation_config.json",
                fix="add it",
                place=template.place,
            )
        ids.append(last)
        added.append(name)
    return Stops(tuple(ids), tuple(added))


def _last_token(tokenizer: Tokenizer, template: ChatTemplate, probe: Conversation, stops: Sequence[int]) -> int:
    """The token that a reply ends in, whether or not the conversation goes on behind it.

    Of the control tokens behind the reply that stand there in both cases: a stop token, else the last. Where there is
    none, the first behind a reply at the end; where there is none either, the last token that is no space.
    """
    last = _behind(tokenizer, template, probe)
    following = Message("tool", "Seen.", tool_call_id="probe0001", name="look") if probe.tools else _USER
    try:
        more = _behind(tokenizer, template, Conversation((*probe.messages, following), probe.tools))
    except InputError:  # a template that wants a reply at the end
        more = last
    same = next((n for n, (a, b) in enumerate(zip(last, more, strict=False)) if a != b), min(len(last), len(more)))
    control = control_ids(tokenizer) | set(stops)
    both = [token for token in last[:same] if token in control]
    ends = [token for token in both if token in stops] or both[::-1] or [token for token in last if token in control]
    solid = [token for token in last if tokenizer.decode([token], skip_special_tokens=False).strip()]
    return (ends or solid[::-1] or tokenizer.encode(_LAST_WORD, add_special_tokens=False).ids[::-1])[0]


def _behind(tokenizer: Tokenizer, template: ChatTemplate, probe: Conversation) -> list[int]:
    """The tokens behind the reply."""
    text = template.render(probe.messages, probe.offered).rpartition(_LAST_WORD)[2]
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def control_ids(tokenizer: Tokenizer) -> set[int]:
    """Tokens that no text is made of."""
    decoder: dict[int, Any] = tokenizer.get_added_tokens_decoder()
    return {number for number, token in decoder.items() if token.special}
