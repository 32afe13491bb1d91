"""Replies of a language model as a table of predictions holds them: text, and the tools that are called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from burnish.core.predictions import Predictions
from burnish.counting.resampling import remembered

NO_JSON = object()
"""What a text is that is no JSON; `None` is JSON's null."""
_EXACT = 2**53  # whole numbers below are the same as float and as int


@dataclass(frozen=True)
class Reply:
    """One reply.

    Attributes:
        content: its text, without the calls.
        calls: each call as JSON text of one form, so that equal calls are equal texts, in their order.
    """

    content: str
    calls: tuple[str, ...] = ()

    @property
    def call_set(self) -> list[str]:
        """The calls as a multiset: sorted."""
        return sorted(self.calls)


@dataclass(frozen=True)
class Replies:
    """The labels and the predictions of N rows."""

    truth: list[Reply]
    answer: list[Reply]


def replies(known: Predictions) -> Replies:
    """Both sides of a table whose rows all have truth; an answer that is missing is empty."""
    return remembered(known, "replies", _replies)


def _replies(known: Predictions) -> Replies:
    return Replies(*([reply_of(text or "") for text in side] for side in (known.truth, known.answer)))


def reply_of(text: str) -> Reply:
    """A reply as it stands in the table: plain text, or `{"content": ..., "tool_calls": [...]}` where it calls tools."""
    value = json_value(text) if '"tool_calls"' in text else NO_JSON
    if not isinstance(value, dict) or value.keys() != {"content", "tool_calls"}:
        return Reply(text)
    content, calls = value["content"] or "", value["tool_calls"]
    if not isinstance(content, str) or not isinstance(calls, list) or not calls or not all(map(_is_call, calls)):
        return Reply(text)
    return Reply(content, tuple(map(_call_text, calls)))


def json_value(text: str) -> Any:
    """The value of a JSON text, numbers of equal value alike (`1` and `1.0`); `NO_JSON` where it is none, as with NaN."""
    try:
        return json.loads(text, parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return NO_JSON


def json_text(value: Any) -> str:
    """JSON text of one form: two values are equal as JSON if their texts are."""
    return json.dumps(value, sort_keys=True)


def is_structure(value: Any) -> bool:
    """Whether a JSON value is an object or an array: a bare number or word is JSON as well, and nobody's intent."""
    return isinstance(value, dict | list)


def _is_call(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("name"), str)


def _call_text(call: dict[str, Any]) -> str:
    """Name and arguments; arguments that are JSON text are what it says, and none are an empty object."""
    arguments = call.get("arguments")
    inner = json_value(arguments) if isinstance(arguments, str) else arguments
    return json_text([call["name"], {} if inner is None else arguments if inner is NO_JSON else inner])


def _number(digits: str) -> float | int:
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
