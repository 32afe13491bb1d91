"""Temperature, thresholds and abstention of a run: learned on validation, kept in the bundle, the same wherever it answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file
from starlette.testclient import TestClient

import burnish
from burnish.bundle.bundle import seal
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.integration import tiny_runs
from tests.integration.spoiled import Said, write_csv

Command = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> burnish.Run:
    """Trained too short to be sure, with all that can be learned of one label a row."""
    folder = tmp_path_factory.mktemp("decisions")
    data = tiny_runs.write_jsonl(folder / "rows.jsonl", tiny_runs.rows("label") * 3)
    recipe = tiny_runs.settings("label", tiny_runs.checkpoint_at(folder / "model", "bert"), str(data))
    more = {"epochs": 1, "calibration": "temperature", "abstention": 0.6, "allow": ["test_rows_in_train"]}
    return burnish.train({**recipe, **more}, out=folder / "run")


def test_bundle_scores_and_report(run: burnish.Run) -> None:
    """What was learned is in the bundle's target, in scores.json, in the report and in the model card."""
    settings = json.loads((run.path / "bundle" / "bundle.json").read_text())
    target, inside = settings["target"], settings["temperature_in_weights"]
    found = json.loads((run.path / "scores.json").read_text())["decisions"]
    assert inside == pytest.approx(found["temperature"]["value"])
    assert inside != 1
    assert target["temperature"] == 1
    assert found["temperature"]["in_weights"]
    assert target["abstain_below"] == found["abstention"]["abstain_below"]
    assert (found["learned_from"], found["rows"]) == ("validation", 36)
    assert found["temperature"]["log_loss_after"] < found["temperature"]["log_loss_before"]
    assert found["abstention"]["test"]["rows"] == 36
    predictions = Predictions.load(run.path / "predictions.parquet")
    plain = np.log(predictions.probabilities) * inside
    truths = [target["labels"].index(t) for t in predictions.truth]
    before = np.mean(np.log(np.exp(plain).sum(1)) - plain[np.arange(36), truths])
    assert found["temperature"]["test"]["log_loss_before"] == pytest.approx(before, abs=1e-4)
    assert np.mean(predictions.table["loss"].to_pylist()) == pytest.approx(before, abs=1e-4)  # of what was trained
    for page in ("report.md", "bundle/README.md"):
        text = (run.path / page).read_text()
        assert "# Calibration, thresholds, abstention" in text
        assert "Abstention: predictions below a confidence of" in text or "no confidence was shown" in text


def test_transformers_alone_gives_the_same_confidences(run: burnish.Run) -> None:
    """The temperature is in the weights of the last layer."""
    from transformers import pipeline

    texts = [row["text"] for row in tiny_runs.rows("label")][:8]
    plain = pipeline("text-classification", str(run.path / "bundle" / "model"))(texts)
    own = run.predictor()(texts)
    assert [p["label"] for p in plain] == [a.answer for a in own]
    assert [p["score"] for p in plain] == pytest.approx([a.confidence for a in own], abs=1e-5)


def test_a_bundle_that_keeps_its_temperature_beside_the_weights(run: burnish.Run, tmp_path: Path) -> None:
    """As burnish 0.7.0 wrote them: the same answers, and the same loss of other rows."""
    old = tmp_path / "bundle"
    shutil.copytree(run.path / "bundle", old)
    settings = json.loads((old / "bundle.json").read_text())
    inside = settings.pop("temperature_in_weights")
    settings["target"]["temperature"] = inside
    (old / "bundle.json").write_text(json.dumps(settings))
    weights = load_file(old / "model" / "model.safetensors")
    head = {name: value * inside for name, value in weights.items() if name.startswith("classifier.")}
    assert len(head) == 2
    save_file({**weights, **head}, old / "model" / "model.safetensors", metadata={"format": "pt"})
    seal(old)
    texts = [row["text"] for row in tiny_runs.rows("label")][:8]
    before, now = burnish.load(old)(texts), run.predictor()(texts)
    assert [a.answer for a in before] == [a.answer for a in now]
    assert [a.confidence for a in before] == pytest.approx([a.confidence for a in now], abs=1e-5)
    assert [a.abstained for a in before] == [a.abstained for a in now]
    data = str(tiny_runs.write_jsonl(tmp_path / "other.jsonl", tiny_runs.rows("label")[:20]))
    first, second = (burnish.evaluate(p, data=data, out=tmp_path / n) for p, n in ((old, "old"), (run.path, "new")))
    for name in ("log_loss_before", "log_loss_after"):
        own = [found["decisions"]["temperature"]["test"][name] for found in (first, second)]
        assert own[0] == pytest.approx(own[1], abs=1e-4)
    losses = [Predictions.load(tmp_path / n / "predictions.parquet").table["loss"].to_pylist() for n in ("old", "new")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_the_test_is_scored_with_them(run: burnish.Run) -> None:
    """Probabilities in predictions.parquet are those the loaded bundle gives."""
    predictions = Predictions.load(run.path / "predictions.parquet")
    rows = [json.loads(line) for line in Path(run.recipe.data.train).read_text().splitlines()]  # type: ignore[arg-type]
    numbers = predictions.table["row"].to_pylist()[:10]
    answers = run.predictor()([rows[n]["text"] for n in numbers])
    for own, answer in zip(predictions.probabilities[:10], answers, strict=True):
        assert list(answer.probabilities.values()) == pytest.approx(own.tolist(), abs=1e-5)


def test_other_labelled_rows_say_what_became_of_the_promise(run: burnish.Run, tmp_path: Path) -> None:
    """`evaluate --data`: what was learned comes with the bundle, coverage and accuracy are of these rows."""
    data = tiny_runs.write_jsonl(tmp_path / "other.jsonl", tiny_runs.rows("label")[:20])
    found = burnish.evaluate(run.path, data=str(data), out=tmp_path / "evaluation")
    own = found["decisions"]["abstention"]
    assert own["abstain_below"] == run.scores["decisions"]["abstention"]["abstain_below"]
    assert own["test"]["rows"] == 20
    assert "## Calibration, thresholds, abstention" in (tmp_path / "evaluation" / "report.md").read_text()


def test_a_row_says_whether_it_is_sure_enough(run: burnish.Run, burnish_command: Command, tmp_path: Path) -> None:
    """In Python, in every format of `predict`, and from the server."""
    texts = [row["text"] for row in tiny_runs.rows("label")][:12]
    answers = run.predictor()(texts)
    below = run.predictor().bundle.target.abstain_below  # type: ignore[attr-defined]
    expected = [below >= 1 or a.confidence < below for a in answers]
    assert [a.abstained for a in answers] == expected
    data = write_csv(tmp_path / "new.csv", [{"text": text} for text in texts])
    for ending in (".csv", ".jsonl", ".parquet"):
        out = tmp_path / f"answers{ending}"
        assert burnish_command("predict", run.path, data, "--out", out).code == 0
        if ending == ".parquet":
            found: list[Any] = pq.read_table(out)["abstained"].to_pylist()
        elif ending == ".jsonl":
            found = [json.loads(line)["abstained"] for line in out.read_text().splitlines()]
        else:
            lines = out.read_text().splitlines()
            place = lines[0].split(",").index("abstained")
            found = [line.split(",")[place] == "True" for line in lines[1:]]
        assert found == expected
    with TestClient(create(Settings(bundles=[f"own@1={run.path}"]))) as client:
        said = client.post("/models/own/predict", json=texts).json()["answers"]
        assert [answer["abstained"] for answer in said] == expected
        assert client.get("/models").json()["models"][0]["abstain_below"] == pytest.approx(below)
        tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
        asked = client.post("/v2/models/own/infer", json={"inputs": [tensor], "outputs": [{"name": "abstained"}]})
        (own,) = asked.json()["outputs"]
        assert (own["datatype"], own["shape"], own["data"]) == ("BOOL", [len(texts)], expected)
        assert "abstained" in [t["name"] for t in client.get("/v2/models/own").json()["outputs"]]
        counted = f'burnish_abstained_total{{model="own",version="1"}} {2 * sum(expected)}.0'
        assert counted in client.get("/metrics").text


def test_thresholds_of_several_labels(tmp_path: Path) -> None:
    """Learned for each label; the answers to the test rows follow them."""
    data = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", tiny_runs.rows("labels") * 3)
    recipe = tiny_runs.settings("labels", tiny_runs.checkpoint_at(tmp_path / "model", "bert"), str(data))
    more = {"epochs": 1, "thresholds": "f1", "allow": ["test_rows_in_train"]}
    run = burnish.train({**recipe, **more}, out=tmp_path / "run")
    own = run.scores["decisions"]["thresholds"]["chosen"]
    predictions = Predictions.load(run.path / "predictions.parquet")
    least = np.array([own.get(name, 0.5) for name in predictions.names])
    for answer, probabilities in zip(predictions.answer, predictions.probabilities, strict=True):
        assert answer == [n for n, given in zip(predictions.names, probabilities >= least, strict=True) if given]
    assert run.predictor().bundle.target.own_thresholds == pytest.approx(own)  # type: ignore[attr-defined]


def test_without_validation_nothing_is_trained(tmp_path: Path) -> None:
    """Found out before the first step, with nothing written."""
    data = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", tiny_runs.rows("label"))
    recipe = tiny_runs.settings("label", tiny_runs.checkpoint_at(tmp_path / "model", "bert"), str(data))
    split = {"kind": "stratified", "validation": 0, "test": 0.2}
    with pytest.raises(InputError, match="learned from validation examples"):
        burnish.train(
            {**recipe, "split": split, "allow": ["empty_split"], "calibration": "temperature"}, out=tmp_path / "run"
        )
    assert not (tmp_path / "run" / "bundle").exists()
