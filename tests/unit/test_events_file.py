"""`events.jsonl`: always valid JSON, whole lines, and every step once, whatever happened to the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.trackers.jsonl import events, repair, rewind
from tests.contracts.test_trackers import beginning, ending, opened, step


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path


def test_jsonl_lines_are_valid_json_even_where_numbers_are_not_finite(run: Path) -> None:
    listener = opened("jsonl", run)
    for event in beginning():
        listener(event)

    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is not JSON")

    lines = [json.loads(x, parse_constant=refuse) for x in (run / "events.jsonl").read_text("utf-8").splitlines()]
    third = next(x for x in lines if x["name"] == "step" and x["number"] == 3)
    assert third["loss"] is None
    assert third["nonfinite"] == {"loss": "nan"}
    validation = next(x for x in lines if x["name"] == "validation")
    assert validation["nonfinite"] == {"scores.accuracy": "inf"}
    assert [e.name for e in events(run / "events.jsonl")] == [e.name for e in beginning()]
    listener.close(failed=False)


def test_jsonl_refuses_to_write_over_a_run(run: Path) -> None:
    (run / "events.jsonl").write_text("")
    with pytest.raises(InputError, match="here already"):
        opened("jsonl", run)


def test_jsonl_moves_a_half_written_line_aside_and_says_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = opened("jsonl", run)
    listener(step(1))
    listener(step(2))
    listener.close(failed=True)
    path = run / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    opened("jsonl", run, resume=True).close(failed=False)
    assert [e.name for e in events(path)] == ["step", "warning"]
    assert (run / "events.damaged.jsonl").read_bytes().startswith(b'{"time": 1700000002.0')
    assert "events.damaged.jsonl" in capsys.readouterr().err
    assert repair(path) == 0


def test_rewinding_makes_every_step_occur_once_and_keeps_history(run: Path) -> None:
    listener = opened("jsonl", run)
    for event in [*beginning(), *ending(), Event("run_failed", {"text": "killed"})]:
        listener(event)
    listener.close(failed=True)
    assert rewind(run, 10) == 12  # ten steps, the test and the end
    assert rewind(run, 10) == 0
    again = opened("jsonl", run, resume=True)
    for event in ending():
        again(event)
    again.close(failed=False)
    found = list(events(run / "events.jsonl"))
    assert [e.values["number"] for e in found if e.name == "step"] == list(range(1, 21))
    assert [e.name for e in found].count("test") == 1
    assert [e.name for e in found].count("run_failed") == 1
    assert [e.name for e in found].count("validation") == 1
    assert len(list(events(run / "events.rewound.jsonl"))) == 12


def test_a_full_disk_never_leaves_half_a_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener: Any = opened("jsonl", run)
    listener(step(1))
    real = listener._file

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def write(self, data: bytes) -> int:
            return int(real.write(data[:20]))

    listener._file = Full()
    with pytest.raises(OSError, match="only 20 of"):
        listener(step(2))
    listener._file = real
    listener(step(3))
    listener.close(failed=False)
    assert [e.values["number"] for e in events(run / "events.jsonl")] == [1, 3]


def test_rewinding_while_the_file_is_open_loses_no_later_event(run: Path) -> None:
    listener = opened("jsonl", run)
    for number in (1, 2, 3):
        listener(step(number))
    assert rewind(run, 1) == 2  # what a rollback does in the middle of a run
    listener(step(2))
    listener.close(failed=False)
    assert [e.values["number"] for e in events(run / "events.jsonl")] == [1, 2]
