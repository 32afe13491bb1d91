"""Rows of each form made conversations, texts or token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from burnish.core.errors import InputError
from burnish.media.chat._cells import filled, kind, listed, text_of
from burnish.media.chat.conversation import Conversation, Message, PlainText, TokenIds
from burnish.media.chat.roles import CALL, role_of
from burnish.media.chat.tool_json import calls_text, tools_text

if TYPE_CHECKING:
    from burnish.media.chat.form import Format

_SPEAKERS = ("from", "role", "speaker", "author")
_TEXTS = ("value", "content", "text", "message")
_THOUGHTS = ("reasoning_content", "thinking", "reasoning")
_WEIGHTS = ("weight", "train", "trainable", "loss_mask")
NOT_LEARNED = -100  # how labels mark tokens without loss


def messages(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
    """OpenAI's form."""
    turns = listed(form.cell(row, "messages"), "messages", place)
    read = tuple(_message(turn, number, form.roles, place) for number, turn in enumerate(turns, 1))
    return Conversation(read, tools_text(form.cell(row, "tools"), place))


def sharegpt(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
    """ShareGPT's form, with any names for speakers and texts."""
    turns = listed(form.cell(row, "conversations"), "conversations", place)
    read = tuple(_message(turn, number, form.roles, place) for number, turn in enumerate(turns, 1))
    return Conversation(_with_system(form, row, read, place), tools_text(form.cell(row, "tools"), place))


def alpaca(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
    """Instruction, a blank line and the input are the user's message, as in the paper's rows."""
    parts = [text_of(form.cell(row, name), name, place) for name in ("instruction", "input")]
    past: list[Message] = []
    history = form.cell(row, "history")
    for number, pair in enumerate(listed(history, "history", place) if filled(history) else [], 1):
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            what = f"history: entry {number} is {kind(pair)}"
            raise InputError(what, expected="pairs of a message and its reply", place=place)
        past += [
            Message("user", text_of(pair[0], "history", place)),
            Message("assistant", text_of(pair[1], "history", place)),
        ]
    past.append(Message("user", "\n\n".join(part for part in parts if part.strip())))
    return Conversation(_with_system(form, row, (*past, *_reply(form, row, "output", place)), place))


def prompt_completion(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
    """Two texts, or two lists of messages, of which the second alone is learned."""
    tools = tools_text(form.cell(row, "tools"), place)
    prompt, completion = form.cell(row, "prompt"), form.cell(row, "completion")
    if _is_messages(prompt):
        given = [_message(t, n, form.roles, place) for n, t in enumerate(listed(prompt, "prompt", place), 1)]
        before = tuple(Message(**{**vars(m), "weight": 0.0}) for m in given)
    else:
        before = (Message("user", text_of(prompt, "prompt", place)),)
    if _is_messages(completion):
        turns = listed(completion, "completion", place)
        after = tuple(_message(t, n, form.roles, place) for n, t in enumerate(turns, len(before) + 1))
    else:
        after = _reply(form, row, "completion", place)
    return Conversation(_with_system(form, row, (*before, *after), place), tools)


def plain_text(form: Format, row: Mapping[str, Any], place: str) -> PlainText:
    """A text to continue pretraining on."""
    text = text_of(form.cell(row, "text"), "text", place)
    if not text.strip():
        raise InputError("an empty text", expected="a text", fix="leave the row out", place=place)
    return PlainText(text)


def token_ids(form: Format, row: Mapping[str, Any], place: str) -> TokenIds:
    """Token ids, with `labels` (-100 where nothing is learned) or a mask of 0 and 1; without either all are learned."""
    ids = _integers(form, row, "input_ids", place)
    if not ids:
        raise InputError("no token ids", expected="at least one", fix="leave the row out", place=place)
    learned = [True] * len(ids)
    if "labels" in form.columns:
        labels = _integers(form, row, "labels", place)
        _same_length(ids, labels, "labels", place)
        for number, (token, label) in enumerate(zip(ids, labels, strict=True)):
            if label not in (NOT_LEARNED, token):
                raise InputError(
                    f"label {number} is {label}, but the token there is {token}",
                    expected=f"labels equal to input_ids, or {NOT_LEARNED}; the shift by one is made in training",
                    fix="write unshifted labels",
                    place=place,
                )
        learned = [label != NOT_LEARNED for label in labels]
    if "mask" in form.columns:
        mask = _integers(form, row, "mask", place)
        _same_length(ids, mask, "mask", place)
        learned = [is_learned and bool(value) for is_learned, value in zip(learned, mask, strict=True)]
    return TokenIds(tuple(ids), tuple(learned))


def speaker_key(turn: Mapping[str, Any]) -> str | None:
    """The key of a turn that says who speaks; None where there is none."""
    return next((key for key in _SPEAKERS if key in turn), None)


def _message(turn: Any, number: int, roles: Mapping[str, str], place: str) -> Message:
    speaker = speaker_key(turn) if isinstance(turn, Mapping) else None
    if speaker is None:
        raise InputError(
            f"message {number} is {kind(turn)}" + (" without a role" if isinstance(turn, Mapping) else ""),
            expected='{"role": ..., "content": ...} or {"from": ..., "value": ...}',
            fix="repair the row where it comes from, or leave it out",
            place=place,
        )
    role = role_of(turn[speaker], roles, f"{place}, message {number}")
    content = text_of(next((turn[k] for k in _TEXTS if turn.get(k) is not None), ""), f"message {number}", place)
    calls = calls_text(turn.get("tool_calls"), place)
    if role == CALL:
        role, content, calls = "assistant", "", calls or calls_text(content, place)
        if not calls:
            raise InputError(f"message {number} is an empty tool call", expected="the JSON of a call", place=place)
    elif turn.get("function_call"):  # OpenAI's older form
        calls = calls_text(turn["function_call"], place)
    thought = next((turn[k] for k in _THOUGHTS if turn.get(k) is not None), "")
    return Message(
        role,
        content,
        text_of(thought, f"the reasoning of message {number}", place),
        calls,
        str(turn.get("tool_call_id") or ""),
        str(turn.get("name") or ""),
        _weight(turn, number, place),
    )


def _weight(turn: Mapping[str, Any], number: int, place: str) -> float:
    value = next((turn[key] for key in _WEIGHTS if turn.get(key) is not None), 1.0)
    if not isinstance(value, bool | int | float):
        raise InputError(f"message {number} has a weight that is {kind(value)}", expected="0 or more", place=place)
    try:
        return float(value)
    except OverflowError:
        raise InputError(
            f"message {number} has a weight of {len(str(value)):,} figures", expected="0 or more", place=place
        ) from None


def _with_system(form: Format, row: Mapping[str, Any], turns: tuple[Message, ...], place: str) -> tuple[Message, ...]:
    system = form.cell(row, "system")
    if not filled(system):
        return turns
    if turns and turns[0].role == "system":
        raise InputError(
            "a system message in the conversation and one in a column of its own", expected="one", place=place
        )
    return (Message("system", text_of(system, "system", place)), *turns)


def _reply(form: Format, row: Mapping[str, Any], part: str, place: str) -> tuple[Message, ...]:
    """The reply in a column of its own; none where there is no such column (rows to predict)."""
    if part not in form.columns:
        return ()
    thought = text_of(form.cell(row, "reasoning"), "reasoning", place)
    return (Message("assistant", text_of(form.cell(row, part), part, place), thought),)


def _is_messages(cell: Any) -> bool:
    if isinstance(cell, str):
        head = cell.lstrip()
        return head.startswith("[{") and ('"role"' in head or '"from"' in head)
    return isinstance(cell, Sequence)


def _integers(form: Format, row: Mapping[str, Any], part: str, place: str) -> list[int]:
    values = listed(form.cell(row, part), part, place)
    for value in values:
        if not isinstance(value, int):
            raise InputError(f"{part} holds {kind(value)}: {value!r}", expected="a list of integers", place=place)
    return [int(value) for value in values]


def _same_length(ids: Sequence[int], others: Sequence[int], what: str, place: str) -> None:
    if len(ids) != len(others):
        raise InputError(f"{len(ids)} token ids, but {len(others)} in {what}", expected="as many", place=place)
