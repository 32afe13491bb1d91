"""A full disk: exit code 1, the message says what is safe, and the run goes on once there is room."""

from __future__ import annotations

import errno
import os
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from tests.integration import tiny_runs
from tests.integration.spoiled import Bench, Said, write_csv
from tests.slow_cases import slow_but

Change = Callable[[Path], object]

# A full disk


def no_room() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FULL: dict[str, tuple[str, int, Exception, str]] = {
    "second checkpoint": ("burnish.training.checkpoint.save_file", 4, no_room(), "checkpoints/step-00000005"),
    "said by safetensors": (
        "burnish.training.checkpoint.save_file",
        3,
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        "checkpoints/step-00000005",
    ),
    "flushing": ("burnish.core.files._flush", 2, no_room(), "checkpoints/step-00000005"),
    "bundle": ("burnish.bundle.bundle.write_text", 1, no_room(), "checkpoints/step-00000010"),
    "predictions": ("burnish.core.predictions.Predictions.save", 1, no_room(), "bundle/"),
    "report": ("burnish.stages.train.finish._report", 1, no_room(), "bundle/"),
}


@pytest.mark.parametrize("where", slow_but(FULL, "second checkpoint", "predictions"))
def test_a_full_disk_says_what_is_safe_and_the_run_goes_on_once_there_is_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Exit code 1, no half-written file left, and `--resume` ends as if nothing had happened."""
    place, call, fault, safe = FULL[where]
    owner, _, name = place.rpartition(".")
    real, calls = getattr(pkgutil.resolve_name(owner), name), 0

    def fills_up(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise fault
        return real(*given, **named)

    bench.recipe["epochs"] = 2
    with monkeypatch.context() as patch:
        patch.setattr(place, fills_up)
        said = bench.train()
    assert said.code == 1, said
    assert "the disk is full" in said.err
    assert "safe and whole" in said.err
    assert safe in said.err
    assert f"--resume --out {bench.out}" in said.err
    assert "Traceback" not in said.err
    assert list(bench.out.rglob(".writing-*")) == []
    done = bench.command("train", "--resume", "--out", bench.out)
    assert done.code == 0, done.err
    assert (bench.out / "report.md").is_file()


def test_a_disk_that_is_full_from_the_start(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise no_room()

    monkeypatch.setattr("burnish.stages.train.beginning.write_text", full)
    said = bench.train()
    assert said.code == 1
    assert "the disk is full" in said.err
    assert "nothing of this one was worth keeping" in said.err


def test_a_full_disk_while_rows_are_answered(
    trained: Callable[..., Path], burnish_command: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise no_room()

    data = write_csv(tmp_path / "data.csv", tiny_runs.rows("label")[:9])
    run = trained("label")  # before the disk is full: it may be trained only now
    monkeypatch.setattr("burnish.stages.predict.pieces.os.replace", full)
    said = burnish_command("predict", run, data, "--out", tmp_path / "answers.csv")
    assert said.code == 1
    assert "the disk is full" in said.err
    assert [p.name for p in tmp_path.iterdir()] == ["data.csv"]
    monkeypatch.undo()
    monkeypatch.setattr("burnish.stages.predict.format.shutil.copyfileobj", full)
    said = burnish_command("predict", run, data, "--out", tmp_path / "answers.csv")
    assert (said.code, "9 of 9 rows are predicted and kept" in said.err) == (1, True), said.err
    monkeypatch.undo()
    assert burnish_command("predict", run, data, "--out", tmp_path / "answers.csv").code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers.csv", "data.csv"]
