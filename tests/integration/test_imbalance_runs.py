"""Ways with rare classes in whole runs: stored, resumed, served and exported as they were learned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import burnish
from burnish.core.predictions import Predictions
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.integration import tiny_runs
from tests.integration.test_alone import answered
from tests.integration.test_feature_cache import notes, same

ALLOW = ["test_rows_in_train"]


def thinned(task: str = "label") -> list[dict[str, Any]]:
    """A third of the classes is rare."""
    made = tiny_runs.rows(task) * (3 if task == "label" else 1)
    return [row for number, row in enumerate(made) if row["label"] != "review" or number % 4 == 0]


def recipe_of(folder: Path, **more: Any) -> dict[str, Any]:
    data = tiny_runs.write_jsonl(folder / "rows.jsonl", thinned())
    recipe = tiny_runs.settings("label", tiny_runs.checkpoint_at(folder / "model", "bert"), str(data))
    return {**recipe, "allow": ALLOW, **more}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imbalance")


@pytest.fixture(scope="module")
def run(folder: Path) -> burnish.Run:
    """Weights that change the prior, corrected and calibrated, with decisions tuned on validation."""
    more = {"class_weights": "balanced", "prior_correction": True, "calibration": "temperature", "thresholds": "f1"}
    return burnish.train(recipe_of(folder, **more), out=folder / "run")


def decided(predictions: Predictions, target: dict[str, Any]) -> list[str]:
    """The largest probability times its weight."""
    weights = np.array([target["decision_weights"].get(name, 1.0) for name in predictions.names])
    return [predictions.names[i] for i in (predictions.probabilities * weights).argmax(axis=1)]


@pytest.mark.slow
def test_stored_in_the_bundle_and_honoured_by_test_predict_and_server(run: burnish.Run) -> None:
    target = json.loads((run.path / "bundle" / "bundle.json").read_text())["target"]
    found = run.scores["decisions"]
    assert set(target["offsets"]) == set(found["prior_correction"]["offsets"]) == set(target["labels"])
    temperature = json.loads((run.path / "bundle" / "bundle.json").read_text())["temperature_in_weights"]
    for name, value in found["prior_correction"]["offsets"].items():
        assert target["offsets"][name] == pytest.approx(value / temperature)
    assert target["decision_weights"] == found["thresholds"]["chosen"]
    predictions = Predictions.load(run.path / "predictions.parquet")
    assert predictions.answer == decided(predictions, target)
    texts = [row["text"] for row in thinned()][:12]
    answers = run.predictor()(texts)
    with TestClient(create(Settings(bundles=[f"own@1={run.path}"]))) as client:
        said = client.post("/models/own/predict", json=texts).json()["answers"]
        described = client.get("/models").json()["models"][0]
    assert [one["answer"] for one in said] == [one.answer for one in answers]
    assert (described["decision_weights"] or {}) == target["decision_weights"]
    for page in ("report.md", "bundle/README.md"):
        text = (run.path / page).read_text(encoding="utf-8")
        assert "Probabilities are corrected for how common labels were" in text
        assert "eights of" in text


@pytest.mark.slow
def test_the_exported_graph_decides_the_same_without_burnish(run: burnish.Run, folder: Path) -> None:
    """The gate compares decisions, so an int8 graph is held to them as well; the program beside the graph knows them."""
    pytest.importorskip("onnx", reason="the extra `export` is not installed")
    from burnish.cli.commands import run as command

    bundle = run.path / "bundle" / "bundle.json"
    weights = json.loads(bundle.read_text())["target"]["decision_weights"]
    assert command(["export", str(run.path), "--to", "onnx", "--out", str(folder / "out")]) == 0
    out, predictor = folder / "out" / "onnx-float32", run.predictor()
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["decision_weights"] == [weights.get(name, 1.0) for name in settings["labels"]]
    for text in ("my card is broken at home", "my film is late", "parcel"):
        own, alone = predictor(text), answered(out, text)
        assert alone["answer"] == own.answer
        assert alone["probabilities"] == pytest.approx(own.probabilities, abs=1e-5)
    biased = {"decision_weights": [1e6, 1.0, 1.0]}
    (out / "settings.json").write_text(json.dumps({**settings, **biased}), encoding="utf-8")
    assert answered(out, "parcel")["answer"] == settings["labels"][0]
    costs = {"costs": [[0, 9, 9], [9, 0, 0], [9, 0, 0]]}
    (out / "settings.json").write_text(json.dumps({**settings, **costs}), encoding="utf-8")
    assert answered(out, "parcel")["answer"] in settings["labels"]


@pytest.mark.slow
def test_correction_changes_probabilities_and_neither_weights_nor_answers(folder: Path, tmp_path: Path) -> None:
    plain = burnish.train(
        recipe_of(folder, imbalance={"kind": "balanced_weights", "prior_correction": False}), out=tmp_path / "a"
    )
    moved = burnish.train(recipe_of(folder, imbalance="balanced_weights"), out=tmp_path / "b")
    same(plain.path, moved.path, exactly=True)
    first, second = (Predictions.load(one.path / "predictions.parquet") for one in (plain, moved))
    assert first.answer == second.answer
    counts = np.array([36, 36, 9])  # training rows of delivery, payment and review
    wanted = first.probabilities * counts
    np.testing.assert_allclose(second.probabilities, wanted / wanted.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.slow
def test_none_is_bit_identical_to_not_having_it(folder: Path, tmp_path: Path) -> None:
    runs = [
        burnish.train(recipe_of(folder, **more), out=tmp_path / n)
        for n, more in (("a", {}), ("b", {"imbalance": "none"}))
    ]
    same(runs[0].path, runs[1].path, exactly=True)
    assert runs[0].scores["metrics"] == runs[1].scores["metrics"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["smote", "near_miss"])
def test_resumed_is_never_interrupted(folder: Path, tmp_path: Path, way: str) -> None:
    """Bit for bit: the same rows are made again, and left out again."""
    more = {"imbalance": way, "adapter": "head_only", "checkpoint_steps": 1, "keep_checkpoints": 99, "epochs": 3}
    through = burnish.train(recipe_of(folder, **more), out=tmp_path / "through")
    short = burnish.train(recipe_of(folder, **more), out=tmp_path / "short")
    for saved in sorted((short.path / "checkpoints").iterdir())[2:]:
        shutil.rmtree(saved)
    shutil.rmtree(short.path / "bundle")
    (short.path / "scores.json").unlink()
    resumed = burnish.train(recipe_of(folder, **more), out=short.path, resume=True)
    assert "resumed after step 2" in notes(resumed.path)
    same(through.path, resumed.path, exactly=True)
    assert f"resampler {way}" in notes(resumed.path)


@pytest.mark.slow
@pytest.mark.parametrize("task", tiny_runs.FILES)
def test_smote_of_pictures_and_sounds(tmp_path: Path, task: str) -> None:
    data = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", thinned(task))
    more = {"imbalance": "smote", "adapter": "head_only", "input": {**tiny_runs.settings(task, tmp_path, "")["input"]}}
    run = burnish.train({**tiny_runs.settings(task, tmp_path, str(data)), **more}, out=tmp_path / "run")
    assert "examples made in feature space" in notes(run.path)
    assert len(Predictions.load(run.path / "predictions.parquet")) == run.scores["rows"]


@pytest.mark.slow
def test_in_micro_batches_it_is_the_same(folder: Path, tmp_path: Path) -> None:
    """Rows that were made weigh as rows do."""
    more = {"imbalance": "smote", "adapter": "head_only", "optimizer": "sgd", "learning_rate": 0.05}
    whole = burnish.train(recipe_of(folder, **more), out=tmp_path / "whole")
    cut = burnish.train(recipe_of(folder, **more, micro_batch_size=3), out=tmp_path / "cut")
    same(whole.path, cut.path)


@pytest.mark.slow
def test_auto_compares_chooses_and_stays_with_it(folder: Path, tmp_path: Path) -> None:
    more = {"imbalance": "auto", "adapter": "head_only", "checkpoint_steps": 1, "keep_checkpoints": 99}
    run = burnish.train(recipe_of(folder, **more), out=tmp_path / "run")
    kept = json.loads((run.path / "imbalance.json").read_text(encoding="utf-8"))
    ways = {way["way"] for way in kept["ways"]}
    assert {"none", "tuned_thresholds", "smote", "focal"} <= ways
    assert run.scores["imbalance"] == kept
    assert f"Chosen: **{kept['chosen']}**" in (run.path / "report.md").read_text(encoding="utf-8")
    named = burnish.train(recipe_of(folder, **{**more, "imbalance": kept["chosen"]}), out=tmp_path / "named")
    same(run.path, named.path, exactly=True)
    shutil.rmtree(run.path / "bundle")
    (run.path / "scores.json").unlink()
    (run.path / "imbalance.json").write_text(json.dumps({**kept, "rows": 7}), encoding="utf-8")
    again = burnish.train(recipe_of(folder, **more), out=run.path, resume=True)
    assert again.scores["imbalance"]["rows"] == 7  # what was compared is read, and not compared again
    same(again.path, named.path, exactly=True)


@pytest.mark.slow
def test_try_imbalance_says_what_it_chose(folder: Path, tmp_path: Path, burnish_command: Callable[..., Any]) -> None:
    """From the command line, over a full adapter: the best two are confirmed, SMOTE is for the frozen stage alone."""
    recipe_of(folder)
    said = burnish_command(
        "try-imbalance", f"--data={folder / 'rows.jsonl'}", "--target=label", f"--model={folder / 'model'}", "epochs=1",
        "--way=smote", "--way=tuned_thresholds", "--way=near_miss", "batch_size=8", "allow=[test_rows_in_train]",
        f"--out={tmp_path / 'found.json'}",
    )  # fmt: skip
    assert said.code == 0, said
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    stages = {
        stage: [w["way"] for w in found["ways"] if w["stage"] == stage] for stage in ("frozen features", "fine-tuning")
    }
    assert stages["frozen features"] == ["none", "smote", "tuned_thresholds", "near_miss"]
    assert stages["fine-tuning"][0] == "none"
    assert not {"smote", "near_miss"} & set(stages["fine-tuning"])
    assert f"in a recipe: imbalance: {found['chosen']}" in said.out
