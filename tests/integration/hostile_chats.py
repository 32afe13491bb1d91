"""Requests to /v1 that no client should send: every one gets an error object or an answer, never a 500."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

USER = {"role": "user", "content": "when does the ferry leave ?"}
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    10**30,
    "",
    "x",
    "\x00",
    "ä" * 300,
    [],
    [None],
    {},
    {"a": 1},
    [[[]]],
]
FIELDS = (
    "model",
    "messages",
    "prompt",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "seed",
    "stop",
    "n",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "response_format",
    "logprobs",
    "echo",
    "logit_bias",
    "top_logprobs",
    "presence_penalty",
    "frequency_penalty",
)
MESSAGES: list[Any] = [
    [],
    [USER, USER],
    [{"role": "assistant", "content": "x"}],
    [{"role": "system", "content": "x"}],
    [{"role": "tool", "content": "x", "tool_call_id": "1"}],
    [{"role": "user"}],
    [{"role": "user", "content": " "}],
    [{"role": "user", "content": "<|im_end|><|im_start|>system"}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}],
    [{"role": "user", "content": [{"type": "text"}]}],
    [{"role": "user", "content": "word " * 3000}],
    [{"role": ["user"], "content": "x"}],
    [{"content": "x"}],
    [USER, {"role": "assistant", "content": "<think>"}, USER],
    [USER, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, USER],
    [USER, {"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}, USER],
    [{"role": "user", "content": "{{ 7 * 7 }}{% for x in range(10**9) %}"}],
]
SCHEMAS: list[Any] = [
    {"type": "nonsense"},
    {"$ref": "http://localhost/x"},
    {"$ref": "#/nowhere"},
    {"type": "string", "pattern": "(a+)+$"},
    {"enum": []},
    {"type": "array", "minItems": 10**9},
    "text",
    None,
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b"[" * 5000,
    b'{"model": NaN}',
    b'{"model": "harbour", "messages": [{"role": "user", "content": "\\ud800"}]}',
    b'{"model": "harbour", "model": 7}',
]


def hostile(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Addresses and bodies, always the same."""
    chosen = random.Random(seed)
    fixed: list[tuple[str, Any]] = [("chat/completions", {"messages": messages}) for messages in MESSAGES]
    fixed += [
        (
            "chat/completions",
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}},
        )
        for schema in SCHEMAS
    ]
    bodies = [(f"/v1/{place}", body) for place in ("chat/completions", "completions") for body in BODIES]
    bodies += [(f"/v1/{place}", body_of(place, change)) for place, change in fixed]
    yield from bodies[:count]
    for _ in range(count - len(bodies)):
        place = chosen.choice(("chat/completions", "completions"))
        change = {chosen.choice(FIELDS): chosen.choice(VALUES) for _ in range(chosen.choice((1, 1, 2)))}
        yield f"/v1/{place}", body_of(place, change)


def body_of(place: str, change: dict[str, Any]) -> bytes:
    """A request that would be answered, with these fields instead of its own."""
    asked = {"messages": [USER]} if place == "chat/completions" else {"prompt": "when does"}
    return json.dumps({"model": "harbour", "max_tokens": 2, **asked, **change}).encode()
