"""From messages and texts to the ids that are written on: the very function of training and test."""

from __future__ import annotations

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Encoded
from burnish.core.errors import InputError
from burnish.media.chat.checks import check
from burnish.media.chat.conversation import Conversation
from burnish.media.chat.processor import ChatProcessor
from burnish.media.text.token_row import token_row
from burnish.server.refusal import Refused

TOO_LONG = "context_length_exceeded"


def chats(bundle: Bundle) -> bool:
    """Whether a bundle answers conversations, token by token."""
    return bundle.decoder.reads == "steps" and isinstance(bundle.processor.for_input, ChatProcessor)


def processor_of(bundle: Bundle) -> ChatProcessor:
    """Tokenizer, template and stop tokens of a bundle that chats."""
    chat = bundle.processor.for_input
    assert isinstance(chat, ChatProcessor)
    return chat


def of_conversation(bundle: Bundle, conversation: Conversation) -> Encoded:
    """The whole conversation; unlike in training no exchange is left out, which would change the answer unseen.

    Raises:
        InputError: roles out of order, an empty message, tools that the template does not render ...
    """
    check(conversation, "", answered=False)
    return token_row(processor_of(bundle).renderer.prompt(conversation))


def of_text(bundle: Bundle, prompt: str | list[int]) -> Encoded:
    """A text as it stands, control tokens in it included; or token ids.

    Raises:
        InputError: no token, or ids that there are none of.
    """
    chat = processor_of(bundle)
    ids = chat.text_ids(prompt) if isinstance(prompt, str) else prompt
    if not ids:
        raise InputError("the prompt is empty", expected="a token at least")
    if not isinstance(prompt, str) and not all(0 <= one < chat.size for one in ids):
        raise InputError("a token id that the model does not have", expected=f"0 to {chat.size - 1}")
    return token_row(ids)


def tokens_left(bundle: Bundle, prompt_tokens: int, asked: int | None, most: int) -> int:
    """How many tokens may be written.

    Args:
        bundle: whose context it is.
        prompt_tokens: that are read.
        asked: by the request; None: as many as the bundle was tested with. A prompt on which none are written may fill
            the context.
        most: that this server lets one answer have.

    Raises:
        Refused: the prompt alone, or with what is asked for, is longer than the context (400).
    """
    context = processor_of(bundle).limit
    usual = min(most, int(getattr(bundle.decoder, "max_new_tokens", most)))
    if context is None:
        return usual if asked is None else asked
    if prompt_tokens >= context + (asked == 0):
        message = f"the prompt has {prompt_tokens:,} tokens, and the context is {context:,}, answer included: send less"
        raise Refused(400, message, param="messages", code=TOO_LONG)
    if asked is not None and prompt_tokens + asked > context:
        message = (
            f"the prompt has {prompt_tokens:,} tokens and max_tokens is {asked:,}, more than the context of {context:,}: "
            f"send less, or ask for at most {context - prompt_tokens:,}"
        )
        raise Refused(400, message, param="max_tokens", code=TOO_LONG)
    return min(usual, context - prompt_tokens) if asked is None else asked
