"""A call that a request forces: the answer is held to the JSON of a call, in the form of the bundle's template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.media.chat.call_form import CallForm, call_form
from burnish.server.chat.asked import ChatRequest, wrong
from burnish.server.chat.prompts import processor_of

_DEFINITIONS = ("$defs", "definitions")
# Spaces as templates write them: a model never writes white space without end instead of a call.
_SPACES = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}


def forced(bundle: Bundle, asked: ChatRequest) -> dict[str, Any]:
    """What the decoder is held to: `json_schema`, `before_json` and `behind_json`.

    Args:
        bundle: whose template writes calls.
        asked: a request that forces one; its tools are checked.

    Raises:
        Refused: no such function, or a template that writes no calls (400).
    """
    functions = {tool["function"]["name"]: tool["function"] for tool in asked.tools or ()}
    name = asked.forced_name
    if name and name not in functions:
        raise wrong(f"tool_choice names {name[:80]!r}, which is no tool: send one of {_list(functions)}", "tool_choice")
    try:
        form = call_form(processor_of(bundle), asked.tools or ())
    except InputError as error:
        raise wrong(f"{error.found}: send tool_choice auto or none", "tool_choice") from None
    chosen = [functions[name]] if name else list(functions.values())
    return {"json_schema": _schema(form, chosen), "before_json": form.before, "behind_json": form.behind}


def _schema(form: CallForm, functions: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Of a call of any of these functions; definitions stand where references look for them."""
    shared: dict[str, dict[str, Any]] = {}
    calls = []
    for function in functions:
        arguments = {"type": "object", **(function.get("parameters") or {})}
        for word in _DEFINITIONS:
            for key, value in dict(arguments.pop(word, None) or {}).items():
                if shared.setdefault(word, {}).setdefault(key, value) != value:
                    raise wrong(f"two tools define {word}/{str(key)[:80]} differently: rename one", "tools")
        calls.append(form.schema(function["name"], arguments))
    return {**(calls[0] if len(calls) == 1 else {"anyOf": calls}), **shared, **_SPACES}


def _list(functions: Mapping[str, Any]) -> str:
    return ", ".join(functions)[:300]
