"""Conversations of a small ferry office, in each form people write them in, for tiny runs of language models."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

FORMS = ("messages", "sharegpt", "alpaca", "prompt_completion")
SYSTEM = "you work at the ferry office"
_BOATS = {"blue": "nine", "red": "ten", "green": "noon", "white": "six"}
_PORTS = ("oak", "elm", "ash", "fir", "yew", "bay")
_ASKED = ("when does the {boat} boat leave {port} ?", "tell me the time of the {boat} boat from {port}")
TOOL = {
    "type": "function",
    "function": {
        "name": "departures",
        "description": "times of a port",
        "parameters": {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]},
    },
}


def exchanges() -> list[tuple[str, str]]:
    """48 different questions with their answers, boats mixed."""
    return [
        (asked.format(boat=boat, port=port), f"the {boat} boat leaves {port} at {time}")
        for asked, port, (boat, time) in product(_ASKED, _PORTS, _BOATS.items())
    ]


def chat_rows(form: str = "messages", *, tools: bool = False, turns: int = 1) -> list[dict[str, Any]]:
    """48 conversations with an `id` that nothing reads.

    Args:
        form: one of `FORMS`.
        tools: every third conversation calls a tool, and all offer it (OpenAI messages alone).
        turns: exchanges of each conversation.
    """
    every = exchanges()
    return [
        {"id": f"c{n:02}", **_row(form, [every[(n + 7 * k) % len(every)] for k in range(turns)], tools, n)}
        for n in range(len(every))
    ]


def chat_texts() -> list[str]:
    """What the tiny tokenizer learns its words from."""
    words = "system user assistant tool tools you may call these functions name arguments port departures"
    return [SYSTEM, words, *(text for pair in exchanges() for text in pair)]


def _row(form: str, said: list[tuple[str, str]], tools: bool, number: int) -> dict[str, Any]:
    if form == "alpaca":
        return {"instruction": said[-1][0], "input": "", "output": said[-1][1], "history": [list(s) for s in said[:-1]]}
    if form == "prompt_completion":
        return {"prompt": said[-1][0], "completion": said[-1][1]}
    if form == "sharegpt":
        turns = [
            {"from": who, "value": text} for pair in said for who, text in zip(("human", "gpt"), pair, strict=True)
        ]
        return {"conversations": [{"from": "system", "value": SYSTEM}, *turns]}
    messages = [{"role": "system", "content": SYSTEM}]
    for asked, answer in said:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    if not tools:
        return {"messages": messages}
    if number % 3 == 0:
        port = next(port for port in _PORTS if f" {port}" in said[-1][0])
        call = {
            "id": "1",
            "type": "function",
            "function": {"name": "departures", "arguments": json.dumps({"port": port})},
        }
        messages[-1:] = [
            {"role": "assistant", "content": "", "tool_calls": [call]},  # type: ignore[dict-item]
            {"role": "tool", "tool_call_id": "1", "content": said[-1][1]},
            messages[-1],
        ]
    return {"messages": messages, "tools": [TOOL]}
