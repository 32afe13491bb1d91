from __future__ import annotations

from burnish.inputs._conversations import Conversations


class Chat(Conversations):
    """Conversations of any usual form, made token ids by the checkpoint's chat template.

    OpenAI `messages`, ShareGPT, Alpaca, prompt and completion are recognised. A reply at the end of a conversation is what
    the model learns to write; it is never part of what is read.
    """
