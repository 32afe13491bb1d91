"""A network that answers NaN or infinity has no score: it is never the best, and no bundle is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.cli import commands as cli
from burnish.core.errors import NonFinite
from burnish.evaluation.predict import _finite
from burnish.stages.train import finish
from burnish.stages.train import started as train
from tests.integration import tiny_runs

VALUES = {"label": float("nan"), "labels": float("inf"), "score": float("nan"), "tags": float("-inf")}


def spoil(monkeypatch: pytest.MonkeyPatch, value: float, *, from_validation: int = 1, rows: int | None = None) -> None:
    """Outside training, one logit of some rows is `value`, from the first or a later validation on."""
    original = train.assemble
    validations = [0]

    def assemble(*arguments: Any) -> Any:
        assembled = original(*arguments)
        network = assembled.training.network
        forward = network.forward

        def spoiled(**inputs: Any) -> Any:
            logits = forward(**inputs).clone()
            if not network.training and validations[0] >= from_validation:
                logits[: rows or len(logits)].reshape(min(rows or len(logits), len(logits)), -1)[:, 0] = value
            return logits

        network.forward = spoiled
        return assembled

    from burnish.stages.train import session

    measured = session.measure

    def measure(*arguments: Any) -> Any:
        validations[0] += 1
        return measured(*arguments)

    monkeypatch.setattr(train, "assemble", assemble)
    monkeypatch.setattr(session, "measure", measure)


def events(run: Path, name: str) -> list[dict[str, Any]]:
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["name"] == name]


@pytest.mark.parametrize("task", list(VALUES))
def test_one_strange_logit_is_enough(
    task: str, bert: Path, table: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every task: no score, no best, exit code 1 in plain words with the row, and no bundle."""
    spoil(monkeypatch, VALUES[task], rows=1)
    out = tmp_path / "run"
    with pytest.raises(NonFinite, match="gives NaN or infinity for validation examples: no step has a score") as failed:
        burnish.train(tiny_runs.settings(task, bert, str(table(task)), max_steps=1), out=out)
    assert failed.value.exit_code == 1
    assert "lower learning_rate" in failed.value.fix
    (validation,) = events(out, "validation")
    assert not validation["best"]
    assert set(validation["scores"].values()) == {None}
    assert any(f"{task}.jsonl, row" in event["text"] for event in events(out, "warning"))
    assert not (out / "best.json").exists()
    assert not (out / "bundle").exists()


def test_what_was_best_before_stays_the_best(
    bert: Path, table: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, float("nan"), from_validation=2)
    out = tmp_path / "run"
    burnish.train(
        tiny_runs.settings("label", bert, str(table("label")), max_steps=4, validation_steps=2, golden_examples=0),
        out=out,
    )
    assert json.loads((out / "best.json").read_text(encoding="utf-8"))["step"] == 2


def test_the_test_itself_says_so_and_leaves_no_untested_bundle(
    bert: Path, table: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = finish.opened

    def strange(*arguments: Any) -> Any:
        bundle, run = opened(*arguments)
        return bundle, lambda **inputs: np.where(np.arange(3) == 1, np.nan, run(**inputs))

    monkeypatch.setattr(finish, "opened", strange)
    out = tmp_path / "run"
    with pytest.raises(
        NonFinite, match=r"NaN or infinity for 12 of 12 test rows \(.*label\.jsonl, row \d+, .* and 2 more"
    ):
        burnish.train(tiny_runs.settings("label", bert, str(table("label")), max_steps=1), out=out)
    assert not (out / "bundle").exists()
    assert not (out / "scores.json").exists()


def test_without_validation_the_bundle_is_refused_in_the_same_words(
    bert: Path, table: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, float("nan"), from_validation=0)
    settings = tiny_runs.settings("label", bert, str(table("label")), max_steps=1)
    settings |= {"split": {"kind": "stratified", "validation": 0.0, "test": 0.2}, "allow": ["empty_split"]}
    with pytest.raises(NonFinite, match="gives NaN or infinity for training examples"):
        burnish.train(settings, out=tmp_path / "run")
    assert not (tmp_path / "run" / "bundle").exists()


def test_weights_that_a_step_threw_out_of_bounds(
    bert: Path, table: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As reported: an absurd rate and a rollback after every step but the first, whose network answers NaN."""
    words = ["train", "--data", str(table("label")), "--target", "label", "--model", str(bert), "baselines=false"]
    words += ["learning_rate=1e10", "nonfinite=rollback", "max_steps=3", "device=cpu", "--out", str(tmp_path / "run")]
    assert cli.run(words) == 1
    said = capsys.readouterr()
    assert "the network gives NaN or infinity" in said.err
    assert "golden" not in said.err


def test_padding_is_no_answer() -> None:
    """Of one answer for each element, only the elements of the row itself are looked at."""
    logits = np.zeros((3, 4, 2), np.float32)
    logits[0, 3, 1], logits[1, 1, 0] = np.nan, np.inf
    assert _finite(logits, [3, 4, 4]).tolist() == [True, False, True]
    assert _finite(np.array([[0.0, np.nan], [1.0, 2.0]], np.float32), [1, 1]).tolist() == [False, True]
