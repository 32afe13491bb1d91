"""What conversations are read with: tokenizer, chat template and stop tokens of a checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from burnish.core.files import read_json, write_json
from burnish.core.processor import Processor
from burnish.core.written import require_kinds
from burnish.media.chat.conversation import Conversation
from burnish.media.chat.rendered import Learned, Rendered
from burnish.media.chat.rendering import Renderer
from burnish.media.chat.stops import checkpoint_stops, settle_stops
from burnish.media.chat.templates import ChatTemplate, load_template
from burnish.media.text import tokenizer as tokenizers
from burnish.media.text.new_tokens import extended
from burnish.media.text.tokenizer import TokenizerProcessor

ROOM = 1024
"""Most tokens of the context that a prompt leaves to its reply where nothing is said."""


@dataclass(frozen=True)
class ChatProcessor(Processor):
    """Tokenizer, template and stop tokens.

    Attributes:
        tokens: the tokenizer; its `max_length` is the context.
        template: how a conversation becomes a text.
        stops: ids of the tokens that end a reply.
        room: tokens of the context that a prompt leaves free.
    """

    tokens: TokenizerProcessor
    template: ChatTemplate
    stops: tuple[int, ...]
    room: int = ROOM

    def fingerprint(self) -> str:
        """A hash of all three."""
        own = {"template": self.template.settings(), "stops": self.stops, "room": self.room}
        return hashlib.sha256(f"{self.tokens.fingerprint()}\n{json.dumps(own, sort_keys=True)}".encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """What `load` needs beside the tokenizer's files."""
        return {
            "tokenizer": self.tokens.settings(),
            "template": self.template.settings(),
            "stops": list(self.stops),
            "room": self.room,
        }

    @property
    def limit(self) -> int | None:
        """The context in tokens, prompt and reply together."""
        return self.tokens.limit

    def cut_at(self, limit: int) -> ChatProcessor:
        """With another context."""
        return replace(self, tokens=self.tokens.cut_at(limit))

    @property
    def unknown(self) -> tuple[str, int] | None:
        """The tokenizer's."""
        return self.tokens.unknown

    def text_ids(self, text: str) -> list[int]:
        """The tokenizer's."""
        return self.tokens.text_ids(text)

    @property
    def gives(self) -> str:
        """Token ids."""
        return "sequence of tokens"

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return int(self.tokens.tokenizer.get_vocab_size(with_added_tokens=True))

    @property
    def prompt_limit(self) -> int | None:
        """Most tokens of a prompt: what the reply does not need of the context."""
        return None if self.limit is None else max(1, self.limit - min(self.room, self.limit // 2))

    @cached_property
    def renderer(self) -> Renderer:
        """The one function from conversations to ids."""
        return Renderer(self.tokens.tokenizer, self.template, self.stops)

    def prompt(self, conversation: Conversation, where: str = "") -> list[int]:
        """The ids that a reply is written to.

        Room is left for the reply: earlier exchanges go for it. The last one stays whole, as long as one token is left.

        Raises:
            InputError: as of `Renderer.prompt`.
        """
        return self.renderer.prompt(conversation, limit=self.prompt_limit, most=self._most, where=where)

    def left_out(self, conversation: Conversation) -> int:
        """How many of the earliest exchanges `prompt` leaves out; errors as there."""
        return self.renderer.left_out(conversation, limit=self.prompt_limit, most=self._most)

    @property
    def _most(self) -> int | None:
        return None if self.limit is None else self.limit - 1

    def example(self, conversation: Conversation, learned: Learned) -> Rendered | None:
        """The ids and learned spans of a conversation that is one example; None where nothing of it is learned.

        Raises:
            InputError: as of `Renderer.examples`.
        """
        key = (conversation, learned)
        if key not in self._recent:  # a row's ids and its weights are asked for one after the other
            examples = self.renderer.examples(conversation, learned, limit=self.limit).examples
            self._recent.clear()
            self._recent[key] = examples[-1] if examples else None
        return self._recent[key]

    @cached_property
    def _recent(self) -> dict[tuple[Conversation, Learned], Rendered | None]:
        return {}

    def text(self, ids: Sequence[int]) -> str:
        """The text of tokens that were written, without control tokens."""
        return str(self.tokens.tokenizer.decode(list(ids), skip_special_tokens=True))

    def marked_text(self, ids: Sequence[int]) -> str:
        """The text of tokens that were written, control tokens included."""
        return str(self.tokens.tokenizer.decode(list(ids), skip_special_tokens=False))


def load(
    folder: Path,
    settings: dict[str, Any] | None,
    *,
    max_length: int | None,
    template: str | None,
    tools: bool = False,
    options: dict[str, Any] | None = None,
    today: str | None = None,
    room: int = ROOM,
    new_tokens: Sequence[str] = (),
) -> ChatProcessor:
    """The processor of a checkpoint, or the one whose settings a bundle kept.

    Args:
        folder: of the checkpoint, or the model in a bundle.
        settings: as `ChatProcessor.settings` gave them; None: a checkpoint, read as the other arguments say.
        max_length: the context; None: the checkpoint's.
        template, tools, options, today: as of `load_template`.
        room: tokens that a prompt leaves free.
        new_tokens: put behind the checkpoint's vocabulary.

    Raises:
        InputError: no tokenizer, no template, a template whose replies do not end, or a context above the checkpoint's.
    """
    if settings is not None:
        place = folder.parent / "bundle.json"
        require_kinds(settings, {"tokenizer": dict, "template": dict, "stops": list, "room": int}, place)
        tokens = tokenizers.load(folder, None, settings["tokenizer"])
        kept = ChatTemplate.restore(settings["template"], str(place))
        return ChatProcessor(tokens, kept, tuple(settings["stops"]), settings["room"])
    tokens = tokenizers.load(folder, max_length, None)
    if new_tokens:
        tokens = replace(tokens, tokenizer=extended(tokens.tokenizer, new_tokens), added=tuple(new_tokens))
    if tokens.padding_side != "right":  # lines are padded at their end; what is written on is moved by the network
        tokens = replace(tokens, padding_side="right")
    read = load_template(folder, given=template, tools=tools, options=options, today=today)
    stops = settle_stops(tokens.tokenizer, read, checkpoint_stops(folder, tokens.tokenizer, read))
    return ChatProcessor(tokens, read, stops.ids, room)


def save(processor: ChatProcessor, folder: Path) -> None:
    """Write tokenizer, template and stop tokens into `folder`, so that plain transformers chats as burnish does."""
    tokenizers.save(processor.tokens, folder)
    (folder / "chat_template.jinja").write_text(processor.template.source, encoding="utf-8")
    place = folder / "generation_config.json"
    generation = read_json(place) if place.is_file() else {}
    write_json(place, {**generation, "eos_token_id": list(processor.stops)})
