"""What is wrong with a conversation, told before anything is rendered: order of roles, empty replies, thought marks."""

from __future__ import annotations

import re

from burnish.core.errors import InputError
from burnish.media.chat.conversation import ROLES, Conversation, Message

_MARKS = re.compile(r"<(/?)(think|thinking|thought|reasoning)>")
_FIX = "repair the row where it comes from, or leave it out"
_NEXT = {  # what may follow; "call" is an assistant's turn with tool calls
    "": ("system", "user"),
    "system": ("user",),
    "user": ("assistant",),
    "assistant": ("user",),
    "call": ("tool",),
    "tool": ("tool", "assistant"),
}


def check(conversation: Conversation, place: str, *, answered: bool = True) -> None:
    """Refuse a conversation that cannot be learned from.

    Args:
        conversation: as read.
        place: file and row, for the message.
        answered: it must end with a reply, as in training; otherwise it must end with a turn to reply to.

    Raises:
        InputError: no message, roles that do not alternate, an empty reply, thought marks that are not balanced, a
            result for a call that was not made, or a weight below 0.
    """
    if not conversation.messages:
        raise InputError(
            "a conversation without messages", expected="a user's message and a reply", fix=_FIX, place=place
        )
    before = ""
    for number, message in enumerate(conversation.messages, 1):
        _in_order(before, message, number, place)
        _whole(message, number, place)
        before = "call" if message.tool_calls else message.role
    _check_ids(conversation, place)
    last = conversation.messages[-1].role
    if answered and last != "assistant":
        raise InputError(
            f"the conversation ends with a message of the role {last}",
            expected="a reply or a tool call at its end",
            fix=_FIX,
            place=place,
        )
    if not answered and last in ("assistant", "system"):
        raise InputError(
            f"the conversation ends with a message of the role {last}",
            expected="a message to reply to at its end",
            fix="leave the last message out",
            place=place,
        )


def _in_order(before: str, message: Message, number: int, place: str) -> None:
    if message.role not in ROLES:
        raise InputError(
            f"message {number} has the unknown role {message.role!r}", expected=", ".join(ROLES), fix=_FIX, place=place
        )
    if message.role in _NEXT[before]:
        return
    where = {"": "begins the conversation", "call": "follows a tool call"}.get(before, f"follows {before}")
    wanted = " or ".join(_NEXT[before])
    raise InputError(
        f"roles do not alternate: message {number} ({message.role}) {where}",
        expected=f"{wanted} there",
        fix="join turns of one speaker, put a missing turn in, or leave the row out",
        place=place,
    )


def _whole(message: Message, number: int, place: str) -> None:
    if message.role == "assistant" and not message.content.strip() and not message.tool_calls:
        raise InputError(f"message {number} is an empty reply", expected="a text or a tool call", fix=_FIX, place=place)
    if message.role == "user" and not message.content.strip():
        raise InputError(f"message {number} (user) is empty", expected="a text", fix=_FIX, place=place)
    if not 0 <= message.weight < float("inf"):
        raise InputError(
            f"message {number} has the weight {message.weight}", expected="0 or more", fix=_FIX, place=place
        )
    if message.role == "assistant" and (marks := unbalanced(message.content)):
        raise InputError(
            f"message {number} has unbalanced thought marks: {marks}",
            expected="one <think> and one </think> behind it, or neither",
            fix="put the missing mark in, or keep the thought in reasoning_content",
            place=place,
        )


def unbalanced(text: str) -> str:
    """What is wrong with the thought marks of a reply; empty where each opening mark has its closing one behind it."""
    open_mark = ""
    for match in _MARKS.finditer(text):
        closing, kind = match.groups()
        if not closing and open_mark:
            return f"<{kind}> inside <{open_mark}>"
        if closing and kind != open_mark:
            return f"</{kind}> without <{kind}> before it"
        open_mark = "" if closing else kind
    return f"<{open_mark}> is never closed" if open_mark else ""


def _check_ids(conversation: Conversation, place: str) -> None:
    """Each result names a call of the turn before it, where both have ids."""
    known: set[str] = set()
    for number, message in enumerate(conversation.messages, 1):
        if message.tool_calls:
            known = {str(call.get("id", "")) for call in message.calls} - {""}
        elif message.role == "tool" and message.tool_call_id and known and message.tool_call_id not in known:
            raise InputError(
                f"message {number} answers the call {message.tool_call_id!r}, which was not made",
                expected=f"one of {', '.join(sorted(known))}",
                fix=_FIX,
                place=place,
            )
