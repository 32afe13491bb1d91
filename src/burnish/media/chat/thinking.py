"""Whether a template that can be asked for thoughts is asked for them: the rows say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burnish.media.chat.conversation import Conversation
from burnish.media.chat.templates import ChatTemplate

_OPTION = "enable_thinking"


def usual_options(template: ChatTemplate, conversations: Sequence[Conversation]) -> tuple[dict[str, Any], str]:
    """Options for the template, and why, in a sentence; nothing where it has no such option or it is set.

    Without thoughts in the rows, the prompt holds the empty thought, in training as in service; otherwise the model would
    learn to write empty thoughts.

    Args:
        template: of the checkpoint.
        conversations: some of the training rows.
    """
    if _OPTION not in template.source or _OPTION in template.options:
        return {}, ""
    thoughtful = sum(_thinks(conversation) for conversation in conversations)
    words = f"{thoughtful:,} of {len(conversations):,} conversations hold thoughts"
    return {
        _OPTION: thoughtful > 0
    }, f"The chat template is given {_OPTION}: {str(thoughtful > 0).lower()}, as {words}."


def _thinks(conversation: Conversation) -> bool:
    return any(m.role == "assistant" and (m.reasoning or "</think>" in m.content) for m in conversation.messages)
