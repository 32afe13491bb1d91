"""What is written, apart: the thought before it, the text, and calls of tools; told piece by piece, or whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from burnish.media.chat import replies
from burnish.media.chat.conversation import compact_json
from burnish.media.chat.replies import message_of, written_reply

_THOUGHTS = {f"<{word}>": f"</{word}>" for word in ("think", "thinking", "thought", "reasoning")}
CALLS = tuple(replies.MARKS)
"""Marks behind which a call may stand."""
MARKS = (*CALLS, *filter(None, replies.MARKS.values()), *_THOUGHTS, *_THOUGHTS.values())
Delta = dict[str, Any]


class Parts:
    """Pieces of a text in, deltas of the protocol out: reasoning_content, content, tool_calls.

    A streamed answer sends them one by one, a whole one joins them, so both say the same. White space around the text is
    left out, and what may be a call is held back until the end tells whether it is one.

    Args:
        calls: tools were offered.
        thinking: the prompt ended with the mark of a thought that is open.
    """

    def __init__(self, *, calls: bool, thinking: bool = False) -> None:
        self._calls, self._rest = calls, ""
        self._close: tuple[str, ...] = tuple(_THOUGHTS.values()) if thinking else ()
        self._state = "thought" if thinking else "beginning"
        self.called = False

    def more(self, text: str) -> list[Delta]:
        """What can be told now."""
        self._rest += text
        return self._told(final=False)

    def rest(self) -> list[Delta]:
        """What was held back."""
        return self._told(final=True)

    def _told(self, *, final: bool) -> list[Delta]:
        out: list[Delta] = []
        if self._state == "beginning":
            self._begin(final)
        if self._state == "thought":
            out += self._thought(final)
        if self._state in ("before", "text"):
            out += self._text(final)
        if self._state == "held" and final:
            out += self._held()
        return out

    def _begin(self, final: bool) -> None:
        text = self._rest.lstrip()
        mark = next((mark for mark in _THOUGHTS if text.startswith(mark)), None)
        if mark is not None:
            self._rest, self._close, self._state = text[len(mark) :], (_THOUGHTS[mark],), "thought"
        elif final or (text and not any(mark.startswith(text) for mark in _THOUGHTS)):
            self._state = "before"

    def _thought(self, final: bool) -> list[Delta]:
        at, mark = _first(self._rest, self._close)
        thought = self._rest[: at if mark or not final else None]
        if mark:
            self._rest, self._state = self._rest[at + len(mark) :], "before"
        else:
            self._rest = self._rest[len(thought) :]
        return [{"reasoning_content": thought}] if thought else []

    def _text(self, final: bool) -> list[Delta]:
        if self._state == "before":
            self._rest = self._rest.lstrip()
            if not self._rest:
                return []
            self._state = "text"
            if self._calls and self._rest.startswith(("{", "[")):
                self._state = "held"
                return []
        at, mark = _first(self._rest, CALLS) if self._calls else (len(self._rest), "")
        ready = self._rest[: at if mark or not final else None]
        shown = ready.rstrip()
        if mark:
            self._state, self._rest = "held", self._rest[len(shown) :]
        else:
            self._rest = "" if final else self._rest[len(shown) :]
        return [{"content": shown}] if shown else []

    def _held(self) -> list[Delta]:
        """The end of the text: calls, or no call after all."""
        held, self._rest = self._rest.rstrip(), ""
        message = message_of(written_reply(held))
        if not message.tool_calls:
            return [{"content": held}] if held else []
        self.called = True
        out: list[Delta] = [{"content": message.content}] if message.content else []
        return out + [{"tool_calls": [_call(n, call)]} for n, call in enumerate(message.calls)]


def _call(number: int, call: dict[str, Any]) -> dict[str, Any]:
    function = {"name": call["function"]["name"], "arguments": compact_json(call["function"]["arguments"])}
    return {"index": number, "id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}


def _first(text: str, marks: Sequence[str]) -> tuple[int, str]:
    """Where the first mark is, and which; else where one may have begun at the end, and none."""
    whole = [(at, mark) for mark in marks if (at := text.find(mark)) >= 0]
    if whole:
        return min(whole)
    longest = max(map(len, marks), default=0)
    for at in range(max(0, len(text) - longest + 1), len(text)):
        if any(mark.startswith(text[at:]) for mark in marks):
            return at, ""
    return len(text), ""


def joined(deltas: Sequence[Delta]) -> dict[str, Any]:
    """The message that they make together."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(d.get("content", "") for d in deltas)}
    if thought := "".join(d.get("reasoning_content", "") for d in deltas):
        message["reasoning_content"] = thought
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    if calls:
        message["tool_calls"] = [{name: call[name] for name in ("id", "type", "function")} for call in calls]
        message["content"] = message["content"] or None
    return message
