"""Every tracker takes a whole run of events, continues a resumed one, and leaves something to look at."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.trackers import Listener, Tracker, Tracking
from burnish.trackers.jsonl import events, rewind
from tests.slow_cases import slow_but

AXIS = "burnish.trackers"
KINDS = kinds(AXIS)
QUICK = slow_but(KINDS, *(kind for kind in KINDS if kind != "wandb"))
"""wandb starts a process of its own each time: it is left to the slow suite."""


def step(number: int, total: int = 20, loss: float | None = None) -> Event:
    values = {
        "number": number,
        "total_steps": total,
        "epoch": number / 10,
        "loss": np.float32(1 / number) if loss is None else loss,
        "learning_rate": 3e-5,
        "gradient_norm": 1.5,
        "rows": np.int64(32),
        "tokens": 900,
        "seconds": 0.1,
        "padding_ratio": 0.02,
        "groups": {"layer.0": 0.5, "head": 1.2},
    }
    return Event("step", values, time=1_700_000_000.0 + number)


def beginning() -> Iterator[Event]:
    yield Event("phase", {"text": "encoding", "done": 0, "total": 10})
    yield Event("phase", {"text": "encoding", "done": 10, "total": 10})
    yield Event("phase", {"text": "reading", "done": 3, "total": None})
    yield Event("note", {"text": "label column [bold]intent[/bold] inferred"})
    rows = {"train": 320, "validation": 40, "test": 40}
    yield Event(
        "run_started", {"task": "text-classification", "model": Path("starter"), "rows": rows, "total_steps": 20}
    )
    yield Event("sanity", {"examples": ["a text -> refund"]})
    for number in range(1, 11):
        yield step(number, loss=math.nan if number == 3 else None)
    yield Event("warning", {"text": "loss was not finite: café 数据"})
    scores = {"f1": 0.5, "accuracy": math.inf}
    yield Event("validation", {"number": 10, "epoch": 1.0, "scores": scores, "loss": 0.3, "best": True, "seconds": 0.1})
    yield Event("phase", {"text": "validating", "done": 1, "total": 2})
    yield Event("checkpoint", {"number": 10, "path": Path("checkpoints/10"), "best": True})


def ending() -> Iterator[Event]:
    for number in range(11, 21):
        yield step(number)
    scores = {"f1": {"value": 0.91, "low": 0.88, "high": 0.94}, "accuracy": {"value": 0.95, "low": 0.9, "high": None}}
    yield Event("test", {"scores": scores, "baselines": {"majority": {"f1": 0.1}}})
    yield Event("run_finished", {"path": "runs/x", "seconds": 3725.0, "stopped": ""})


def opened(kind: str, run: Path, *, resume: bool = False) -> Listener:
    settings: dict[str, Any] = {"kind": kind, **({"mode": "offline"} if kind == "wandb" else {})}
    tracker = build(AXIS, settings)
    assert isinstance(tracker, Tracker)
    return tracker.open(run, resume=resume)


def files(run: Path) -> dict[str, bytes]:
    return {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("WANDB_MODE", "WANDB_API_KEY", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "a run"  # with a space: file addresses have to be quoted
    folder.mkdir()
    return folder


@pytest.mark.parametrize("kind", QUICK)
def test_a_whole_run_leaves_something_to_look_at(kind: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = opened(kind, run)
    for event in [*beginning(), *ending()]:
        listener(event)
    listener.close(failed=False)
    assert any(files(run).values()) or "0.9100" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_is_written_and_read_back(kind: str) -> None:
    tracker = build(AXIS, kind)
    assert build(AXIS, json.loads(json.dumps(tracker.model_dump(mode="json")))) == tracker


@pytest.mark.parametrize("kind", QUICK)
def test_a_run_that_fails_before_its_first_step_can_be_closed(kind: str, run: Path) -> None:
    listener = opened(kind, run)
    listener(Event("run_failed", {"text": "no rows"}))
    listener.close(failed=True)


@pytest.mark.parametrize("kind", QUICK)
def test_a_resumed_run_continues(kind: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = opened(kind, run)
    for event in [*beginning(), step(11), step(12)]:  # two steps that the checkpoint at 10 does not have
        first(event)
    first.close(failed=True)
    before = files(run)
    rewind(run, 10)
    second = opened(kind, run, resume=True)
    second(Event("note", {"text": "resumed from step 10"}))
    for event in ending():
        second(event)
    second.close(failed=False)
    after = files(run)
    assert (after != before and before.keys() <= after.keys()) or "step 20 of 20" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [k for k in KINDS if k in ("wandb", "mlflow", "tensorboard")])
def test_a_missing_library_names_the_extra(kind: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, kind, None)  # what Python does for a module that is not there
    tracker = build(AXIS, kind)
    assert isinstance(tracker, Tracker)
    with pytest.raises(InputError, match=rf"pip install 'burnish\[{kind}\]'"):
        tracker.open(run, resume=False)
    with pytest.raises(InputError, match="pip install"):
        tracker.require()
    assert files(run) == {}


def test_tensorboard_holds_each_point_once_after_resuming(run: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    first = opened("tensorboard", run)
    for event in [*beginning(), step(11), step(12)]:
        first(event)
    first.close(failed=True)
    second = opened("tensorboard", run, resume=True)
    for event in ending():
        second(event)
    second.close(failed=False)
    curves = accumulator.EventAccumulator(str(run / "tensorboard")).Reload()
    assert [p.step for p in curves.Scalars("train/loss")] == list(range(1, 21))
    assert {"validation/f1", "train/tokens_per_second", "gradient_norm/head", "test/f1/low"} <= set(
        curves.Tags()["scalars"]
    )
    assert curves.Scalars("train/tokens_per_second")[0].value == pytest.approx(9000)


def test_mlflow_continues_the_same_run_and_holds_each_point_once(run: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking")
    first = opened("mlflow", run)
    for event in [*beginning(), step(11), step(12)]:
        first(event)
    first.close(failed=True)
    second = opened("mlflow", run, resume=True)
    for event in ending():
        second(event)
    second.close(failed=False)
    client = tracking.MlflowClient(tracking_uri=(run / "mlruns").as_uri())
    (found,) = client.search_runs([client.get_experiment_by_name("burnish").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "a run"
    assert found.data.params["rows.train"] == "320"
    assert [p.step for p in client.get_metric_history(found.info.run_id, "train/loss")] == list(range(1, 21))
    assert found.data.metrics["test/f1/value"] == pytest.approx(0.91)


@pytest.mark.slow
def test_wandb_continues_under_the_same_id(run: Path) -> None:
    pytest.importorskip("wandb")
    opened("wandb", run).close(failed=True)
    noted = json.loads((run / "wandb.json").read_text())
    opened("wandb", run, resume=True).close(failed=False)
    assert json.loads((run / "wandb.json").read_text()) == noted
    assert len(list((run / "wandb").glob(f"offline-run-*-{noted['id']}/run-{noted['id']}.wandb"))) >= 1


def test_plain_console_writes_few_lines_without_control_characters(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listener = opened("console", run)
    for number in range(1, 1001):
        listener(Event("step", {**step(number, total=1000).values}, time=number * 0.01))
    for event in ending():
        listener(event)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\r" not in out
    lines = [line for line in out.splitlines() if line.startswith("step ") and "of 1,000" in line]
    assert 10 <= len(lines) <= 13
    assert "0.8800 to 0.9400" in out
    assert out.rstrip().endswith("done in 1:02:05: runs/x")
    listener(Event("run_finished", {"path": "runs/x", "report": "runs/x/report.html"}))
    assert capsys.readouterr().out.rstrip().endswith("runs/x\nreport: runs/x/report.html")


def test_plain_console_has_sections_and_no_lines_without_news(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data, Model, Training, Test; phases that end at once are not said; of a validation only what decides."""
    listener = opened("console", run)
    values = {"accuracy": 0.5, "f1": 0.4, "matthews": 0.3}
    test = {"split": "test", "rows": 40, "scores": {"f1": {"value": 0.5}}, "deciding": "f1", "verdicts": ["Better."]}
    for event in (
        Event("phase", {"text": "hashing", "done": 0, "total": 1}, time=1.0),
        Event("phase", {"text": "auditing", "done": 320, "total": 320}, time=1.1),
        Event("note", {"text": "train: 320 examples encoded"}),
        Event("sanity", {"examples": ["a text -> refund"]}),
        Event("note", {"text": "trainable parameters: 22.7 M (100 %)"}),
        Event("run_started", {"task": "text-classification", "rows": {"train": 320}, "start_step": 0, "processes": 1}),
        step(1),
        Event("validation", {"number": 1, "scores": values, "loss": 0.3, "deciding": "f1"}),
        Event("test", {**test, "baselines": {"majority": {"f1": 0.1}}}),
    ):
        listener(event)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == ["Data", "train: 320 examples encoded", "decoded model inputs:", "  a text -> refund", "Model"]
    assert lines[6:9] == ["Training", "task      text-classification", "examples  train 320"]
    assert "validation at step 1: loss 0.3000, f1 0.4000, accuracy 0.5000" in lines
    assert lines[lines.index("Test") + 1 : lines.index("Test") + 2] == ["held-out test set, 40 examples"]
    assert [words.split() for words in lines[-2:]] == [["f1", "(deciding)", "0.5000", "0.1000"], ["Better."]]


def test_a_long_phase_is_said_at_its_start_and_every_ten_seconds(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = opened("console", run)
    for second in range(31):
        listener(Event("phase", {"text": "encoding", "done": second, "total": 31}, time=float(second)))
    assert capsys.readouterr().out.splitlines() == ["Data", *(f"encoding: {n} of 31" for n in (0, 10, 20, 30))]


def test_plain_console_says_something_every_ten_seconds(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = opened("console", run)
    for number in range(1, 61):
        listener(Event("step", step(number, total=100_000).values, time=float(number)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1", "11", "21", "31", "41", "51"]


def test_live_console_shows_scores_above_the_bar_and_keeps_words_as_they_are(run: Path) -> None:
    from io import StringIO

    from rich.console import Console as Terminal

    from burnish.trackers._console_live import LiveConsole

    screen = StringIO()
    live = LiveConsole(run, Terminal(file=screen, force_terminal=True, width=100, height=40, color_system=None))
    for event in [*beginning(), *ending()]:
        live(event)
    live.close(failed=False)
    shown = screen.getvalue()
    for words in ("[bold]intent[/bold]", "encoding", "validation", "20/20", "0.8800 to 0.9400", "runs/x"):
        assert words in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is given back


def test_a_broken_tracker_never_stops_the_run_or_the_others(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def __call__(self, event: Event) -> None:
            raise RuntimeError("no connection")

        def close(self, failed: bool) -> None:
            raise RuntimeError("still no connection")

    lines = opened("jsonl", run)
    with Tracking([Broken(), lines]) as tracking:
        tracking(step(1))
        tracking(step(2))
    assert len(list(events(run / "events.jsonl"))) == 2
    assert capsys.readouterr().err.count("no connection") == 1
    with pytest.raises(ValueError, match="closed"):
        lines(step(3))
