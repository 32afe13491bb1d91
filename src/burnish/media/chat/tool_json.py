"""Tools and tool calls as users bring them, made JSON text of one form: OpenAI's, with arguments as an object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from burnish.core.errors import InputError
from burnish.media.chat.conversation import compact_json

_MOST_SHOWN = 80


def from_json(text: str, what: str, place: str) -> Any:
    """The value of a JSON text.

    Args:
        text: the text.
        what: it is, for the message.
        place: file and row, for the message.

    Raises:
        InputError: it is no JSON; NaN and Infinity are none.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{what} is broken JSON ({error}): {text[:_MOST_SHOWN]!r}",
            expected="JSON text",
            fix="repair the row where it comes from, or leave it out",
            place=place,
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def tools_text(cell: Any, place: str) -> str:
    """The tools of a row as JSON text: each `{"type": "function", "function": {...}}`; empty where there are none.

    Raises:
        InputError: broken JSON, no list, or a tool without a name.
    """
    tools = from_json(cell, "tools", place) if isinstance(cell, str) and cell.strip() else cell
    if tools is None or tools in ("", [], {}) or (isinstance(tools, str) and not tools.strip()):
        return ""
    if not isinstance(tools, Sequence) or isinstance(tools, str):
        raise _wrong(f"tools are no list but {_shown(tools)}", '[{"name": ..., "parameters": {...}}]', place)
    return _as_text([_tool(tool, place) for tool in tools], "tools", place)


def _tool(tool: Any, place: str) -> Mapping[str, Any]:
    wrapped = isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping)
    inner = tool["function"] if wrapped else tool
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str) or not inner["name"]:
        raise _wrong(f"a tool without a name: {_shown(tool)}", '{"name": ..., "parameters": {...}}', place)
    return dict(tool) if wrapped else {"type": "function", "function": dict(inner)}


def calls_text(cell: Any, place: str) -> str:
    """Tool calls as JSON text; empty where there are none.

    One call or a list; `{"name", "arguments"}` alone or inside `function`; arguments as an object or as its JSON text,
    which is parsed, because templates would quote it a second time.

    Raises:
        InputError: broken JSON, a call without a name, or arguments that are no object.
    """
    calls = from_json(cell, "a tool call", place) if isinstance(cell, str) and cell.strip() else cell
    if calls is None or calls in ("", []) or (isinstance(calls, str) and not calls.strip()):
        return ""
    if isinstance(calls, Mapping):
        calls = [calls]
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        raise _wrong(f"tool calls are no list but {_shown(calls)}", '[{"name": ..., "arguments": {...}}]', place)
    return _as_text([_call(call, place) for call in calls], "a tool call", place)


def _as_text(value: Any, what: str, place: str) -> str:
    """JSON text of what was read.

    Raises:
        InputError: it holds what JSON does not, such as NaN or a date, or is nested too deep.
    """
    try:
        return compact_json(value, constants=False)
    except (RecursionError, TypeError, ValueError) as error:
        raise InputError(
            f"{what}: JSON cannot hold this ({error})",
            expected="texts, numbers, lists and objects",
            fix="repair the row where it comes from, or leave it out",
            place=place,
        ) from error


def _call(call: Any, place: str) -> dict[str, Any]:
    inner = call.get("function") if isinstance(call, Mapping) and "function" in call else call
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str) or not inner["name"]:
        raise _wrong(f"a tool call without a name: {_shown(call)}", '{"name": ..., "arguments": {...}}', place)
    arguments = inner.get("arguments", inner.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = from_json(arguments, f"the arguments of {inner['name']}", place) if arguments.strip() else {}
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, Mapping):
        raise _wrong(f"the arguments of {inner['name']} are no object but {_shown(arguments)}", "an object", place)
    identity = {"id": str(call["id"])} if call.get("id") else {}
    return {"type": "function", **identity, "function": {"name": inner["name"], "arguments": dict(arguments)}}


def _shown(value: Any) -> str:
    try:
        text = compact_json(value)
    except (RecursionError, TypeError, ValueError):
        text = type(value).__name__
    return text[:_MOST_SHOWN]


def _wrong(what: str, expected: str, place: str) -> InputError:
    return InputError(what, expected=expected, fix="repair the row where it comes from, or leave it out", place=place)
