"""Before the first step people see what is learned: marked in lines, and in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.core.events import Event
from burnish.report.replies import learned_parts
from burnish.trackers._console_plain import PlainConsole

EXAMPLE: dict[str, Any] = {
    "place": "chats.jsonl, row 3",
    "read": "user: why ? because",
    "pieces": [["user: why ?\n", False], ["because", True]],
    "tokens": 7,
    "truth": "because",
    "target": "2 elements",
}


def test_lines_mark_what_is_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PlainConsole(tmp_path, 10.0).on_sanity(Event("sanity", {"examples": [EXAMPLE, {**EXAMPLE, "pieces": []}]}))
    said = capsys.readouterr().out
    assert "chats.jsonl, row 3" in said
    assert "⟦because⟧" in said
    assert said.count("⟦because⟧") == 1, "an example without pieces is shown with its label"
    assert "->  because" in said


def test_the_report_marks_what_is_learned() -> None:
    lines = learned_parts([{"name": "note"}, {"name": "sanity", "examples": [EXAMPLE]}])
    assert "    ⟦because⟧" in lines
    assert "chats.jsonl, row 3: 7 tokens" in lines
    heard = learned_parts([{"name": "sanity", "examples": [{**EXAMPLE, "unit": "frames of 20 ms"}]}])
    assert "chats.jsonl, row 3: 7 frames of 20 ms" in heard
    assert learned_parts([{"name": "sanity", "examples": [{**EXAMPLE, "pieces": []}]}]) == []
    assert learned_parts([]) == []
