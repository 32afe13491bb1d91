"""What is written, apart: the same however it was cut into pieces."""

from __future__ import annotations

import json

import pytest

from burnish.server.chat.parts import Parts, joined

CALL = '{"name": "fare", "arguments": {"to": "island"}}'


def whole(text: str, size: int, *, calls: bool, thinking: bool = False) -> dict[str, object]:
    parts, deltas = Parts(calls=calls, thinking=thinking), []
    for at in range(0, len(text), size):
        deltas += parts.more(text[at : at + size])
    message = joined(deltas + parts.rest())
    for call in message.get("tool_calls", ()):
        call.pop("id")
    return message


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "calls", "content", "reasoning", "called"),
    [
        ("  nine o'clock \n", False, "nine o'clock", None, 0),
        ("a < b and <tool", True, "a < b and <tool", None, 0),
        ("<think>\nhm</think>\n\nnine", False, "nine", "\nhm", 0),
        ("<think>never closed", False, "", "never closed", 0),
        (f"<tool_call>{CALL}</tool_call>", True, None, None, 1),
        (f"wait <tool_call>{CALL}</tool_call>\n<tool_call>{CALL}</tool_call>", True, "wait", None, 2),
        (f"<think>hm</think> {CALL}", True, None, "hm", 1),
        (f"[{CALL}]", True, None, None, 1),
        ('{"no": "call"}', True, '{"no": "call"}', None, 0),
        (f"<tool_call>{CALL}</tool_call>", False, f"<tool_call>{CALL}</tool_call>", None, 0),
        ("<tool_call>broken", True, "<tool_call>broken", None, 0),
    ],
)
def test_parts(text: str, size: int, calls: bool, content: str | None, reasoning: str | None, called: int) -> None:
    message = whole(text, size, calls=calls)
    assert message["content"] == content
    assert message.get("reasoning_content") == reasoning
    found = message.get("tool_calls", [])
    assert len(found) == called
    assert all(json.loads(c["function"]["arguments"]) == {"to": "island"} for c in found)


def test_a_thought_that_the_prompt_began() -> None:
    assert whole("hm</think>nine", 1, calls=False, thinking=True)["reasoning_content"] == "hm"
