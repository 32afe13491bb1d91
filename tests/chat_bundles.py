"""Bundles of a tiny language model that chats, untrained: what it answers is bytes in no order, always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from burnish.answering.opening import write
from burnish.bundle import bundle as bundles
from burnish.core.component import build
from burnish.decoders import Decoder
from burnish.inputs.chat import Chat
from burnish.media.chat.conversation import COLUMN, Conversation, Message
from burnish.models.transformers import Transformers
from burnish.runtimes.torch import computing
from burnish.targets.response import Response
from tests.checkpoints import chat_checkpoint

SYSTEM = "you are the harbour"
WORDS = (
    "when does the ferry leave and back again from harbour island boat ship captain crew ahoy fare crown ticket dog cat fähre "
    "größe straße über 渡轮 九点 出发 часов паром утром"
)
DRAWN = {"kind": "sampling", "temperature": 1.5, "max_new_tokens": 24}
"""Of random weights the most probable token is mostly the one before; draws differ, and are the same for a seed."""


def chat_bundle(
    folder: Path, *, system: str = SYSTEM, seed: int = 0, base: int = 1, template: str | None = None, **decoder: Any
) -> Path:
    """A bundle whose recipe names another checkpoint as its base.

    Args:
        folder: new.
        system: of its reference conversations; empty: they have none.
        seed: of the weights.
        base: seed of the weights of the base checkpoint, which is written beside the bundle.
        template: a named one, for tools; None: ChatML without.
        decoder: settings beside `DRAWN`, or instead of them; None: without it.
    """
    place = chat_checkpoint(folder.parent / f"{folder.name}-base", "qwen2", texts=[WORDS], seed=base)
    trained = chat_checkpoint(folder.parent / f"{folder.name}-weights", "qwen2", texts=[WORDS], seed=seed)
    settings = {name: value for name, value in {**DRAWN, **decoder}.items() if value is not None}
    how = cast(Decoder, build("burnish.decoders", settings))
    input_, target = Chat(reply_room=64, template=template, tools=template is not None), Response()
    model = {"kind": "transformers", "name": str(place)}
    network = Transformers(name=str(trained)).build(input_, target, seed=0)
    said = (Message("user", "when does the ferry leave ?"),)
    row = {COLUMN: Conversation((Message("system", system), *said) if system else said).to_text()}
    parts = (
        input_,
        target,
        input_.processor(trained),
        model,
        {"task": "instruction-tuning", "recipe": {}},
        "# tiny",
        [row],
        how,
    )
    write(folder, bundles.Contents(network.save, *parts), computing(network, how))
    bundles.seal(folder)
    return folder
