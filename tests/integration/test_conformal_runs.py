"""Prediction sets and intervals of a run: kept in the bundle, the same in Python, files, servers and exports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

import burnish
from burnish.cli.commands import run as command
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.integration import tiny_runs
from tests.integration.spoiled import Said, write_csv

pytestmark = pytest.mark.slow
Command = Callable[..., Said]
TEXTS = [row["text"] for row in tiny_runs.rows("label")][:12]


def made(folder: Path, task: str, times: int = 3, **more: Any) -> dict[str, Any]:
    """The recipe of a run with sets or intervals."""
    data = tiny_runs.write_jsonl(folder / "rows.jsonl", tiny_runs.rows(task) * times)
    recipe = tiny_runs.settings(task, tiny_runs.checkpoint_at(folder / "model", "bert"), str(data))
    return {**recipe, "epochs": 1, "allow": ["test_rows_in_train"], **more}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> burnish.Run:
    """Class-conditional sets beside a temperature, and an ONNX export."""
    folder = tmp_path_factory.mktemp("conformal")
    wanted = {"coverage": 0.8, "guarantee": "class_conditional"}
    trained = burnish.train(made(folder, "label", conformal=wanted, calibration="temperature"), out=folder / "run")
    assert command(["export", str(folder / "run"), "--to", "onnx", "--bound", "1"]) == 0
    return trained


def test_bundle_scores_and_report(run: burnish.Run) -> None:
    """Limits are in the bundle's target; coverage of the test rows is that of the table of predictions."""
    kept = json.loads((run.path / "bundle" / "bundle.json").read_text())["target"]["prediction_sets"]
    found = run.scores["decisions"]["conformal"]
    assert (kept["limits"], kept["coverage"]) == (found["limits"], 0.8)
    assert (found["rows"], found["apart"]) == (18, True)
    assert found["rows_of"] == dict.fromkeys(("delivery", "payment", "review"), 6)
    table = Predictions.load(run.path / "predictions.parquet")
    held = table.probabilities >= np.array([1 - kept["limits"][name] for name in table.names]) - 1e-9
    covered = [held[row, table.names.index(truth)] for row, truth in enumerate(table.truth)]
    assert found["test"]["covered"] == sum(covered)
    assert found["test"]["size"] == pytest.approx(held.sum(axis=1).mean())
    for page in ("report.md", "report.html"):
        assert "split conformal prediction" in (run.path / page).read_text(encoding="utf-8")
    graph = onnxruntime.InferenceSession(next((run.path / "bundle" / "artifacts").rglob("model.onnx")))
    exported = json.loads(graph.get_modelmeta().custom_metadata_map["burnish.conformal"])
    assert exported["limits"] == kept["limits"]


def sets_of(run: burnish.Run, **settings: Any) -> list[list[str]]:
    """What Python answers."""
    return [answer.region["prediction_set"] for answer in burnish.load(run.path, **settings)(TEXTS)]


def test_an_export_gives_the_same_sets(run: burnish.Run) -> None:
    """Limits are those of the bundle, whatever computes the network."""
    torch_, onnx = (sets_of(run, runtime=name) for name in ("torch", "onnx"))
    assert torch_ == onnx
    assert len({tuple(one) for one in torch_}) > 1


def test_predict_and_the_server_give_them(run: burnish.Run, burnish_command: Command, tmp_path: Path) -> None:
    """In every format of `predict`, in JSON, and in the Open Inference Protocol."""
    expected = sets_of(run)
    data = write_csv(tmp_path / "new.csv", [{"text": text} for text in TEXTS])
    for ending in (".csv", ".jsonl", ".parquet"):
        out = tmp_path / f"answers{ending}"
        assert burnish_command("predict", run.path, data, "--out", out).code == 0
        if ending == ".parquet":
            found: list[Any] = pq.read_table(out)["prediction_set"].to_pylist()
        elif ending == ".jsonl":
            found = [json.loads(line)["prediction_set"] for line in out.read_text().splitlines()]
        else:
            lines = out.read_text().splitlines()
            place = lines[0].split(",").index("prediction_set")
            found = [[name for name in line.split(",")[place].split("|") if name] for line in lines[1:]]
        assert found == expected
    taken = write_csv(tmp_path / "taken.csv", [{"text": "a", "prediction_set": "b"}])
    assert "column 'prediction_set' is in the input already" in (
        burnish_command("predict", run.path, taken, "--out", tmp_path / "no.csv").err
    )
    with TestClient(create(Settings(bundles=[f"own@1={run.path}"]))) as client:
        said = client.post("/models/own/predict", json=TEXTS).json()["answers"]
        assert [answer["prediction_set"] for answer in said] == expected
        assert client.get("/models").json()["models"][0]["region"] == ["prediction_set"]
        assert "prediction_set" in json.dumps(client.get("/openapi.json").json())
        tensor = {"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}
        asked = client.post("/v2/models/own/infer", json={"inputs": [tensor], "outputs": [{"name": "prediction_set"}]})
        assert [json.loads(text) for text in asked.json()["outputs"][0]["data"]] == expected


def test_other_labelled_rows_have_a_coverage_of_their_own(run: burnish.Run, tmp_path: Path) -> None:
    """`evaluate` tells what became of the promise."""
    data = tiny_runs.write_jsonl(tmp_path / "other.jsonl", tiny_runs.rows("label")[:20])
    found = burnish.evaluate(run.path, data=str(data), out=tmp_path / "evaluation")["decisions"]["conformal"]
    assert (found["limits"], found["test"]["rows"]) == (run.scores["decisions"]["conformal"]["limits"], 20)


def test_intervals_of_numbers(tmp_path: Path, burnish_command: Command) -> None:
    """The prediction less and plus one width, in Python, in a file and from the server."""
    trained = burnish.train(made(tmp_path, "score", conformal=0.9), out=tmp_path / "run")
    found = trained.scores["decisions"]["conformal"]
    table = Predictions.load(trained.path / "predictions.parquet")
    errors = np.abs(np.array(table.truth) - np.array(table.answer))
    assert found["test"]["covered"] == (errors <= found["limit"]).sum()
    assert found["test"]["size"] == pytest.approx(2 * found["limit"])
    answer = trained.predictor()(TEXTS[0])
    assert answer.region == {
        "lower": pytest.approx(answer.answer - found["limit"]), "upper": pytest.approx(answer.answer + found["limit"])
    }  # fmt: skip
    data = write_csv(tmp_path / "new.csv", [{"text": TEXTS[0]}])
    out = tmp_path / "answers.parquet"
    assert burnish_command("predict", trained.path, data, "--out", out).code == 0
    row = pq.read_table(out).to_pylist()[0]
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(answer.region.values()))
    with TestClient(create(Settings(bundles=[f"own@1={trained.path}"]))) as client:
        (said,) = client.post("/models/own/predict", json=TEXTS[:1]).json()["answers"]
        assert (said["lower"], said["upper"]) == pytest.approx(tuple(answer.region.values()))
    assert "Intervals: the prediction ±" in (trained.path / "report.md").read_text(encoding="utf-8")


def test_too_few_validation_rows_are_refused_before_training(tmp_path: Path) -> None:
    """Of each class twelve, of which six are left beside a temperature: not enough for 90 %."""
    wanted = {"coverage": 0.9, "guarantee": "class_conditional"}
    with pytest.raises(InputError, match=r"of class 'delivery' has 6.*half of the validation examples"):
        burnish.train(made(tmp_path, "label", conformal=wanted, calibration="temperature"), out=tmp_path / "run")
    assert not (tmp_path / "run" / "bundle").exists()


@pytest.mark.parametrize(
    ("task", "kind", "times", "named"),
    [
        ("label", "vector", 6, "vector"),
        ("label", "isotonic", 30, "isotonic"),
        ("labels", "vector", 6, "sigmoid"),
        ("labels", "isotonic", 30, "each_isotonic"),
    ],
)
def test_a_calibrator_is_kept_and_used_everywhere(
    tmp_path: Path, burnish_command: Command, task: str, kind: str, times: int, named: str
) -> None:
    """In the bundle, in Python, in ONNX, in `evaluate`, and in the program beside an export."""
    more = {"abstention": 0.6} if task == "label" else {}
    trained = burnish.train(made(tmp_path, task, times, calibration=kind, **more), out=tmp_path / "run")
    found = trained.scores["decisions"]["calibrator"]
    assert found["kind"] == named
    table = Predictions.load(trained.path / "predictions.parquet")
    assert found["test"]["log_loss_before"] == pytest.approx(np.mean(table.table["loss"].to_pylist()), abs=1e-4)
    has = np.array([[name in (row if task == "labels" else [row]) for name in table.names] for row in table.truth])
    right = np.where(has, table.probabilities, 1 if task == "label" else 1 - table.probabilities)
    losses = -np.log(right).sum(axis=1) / (1 if task == "label" else len(table.names))
    assert found["test"]["log_loss_after"] == pytest.approx(losses.mean(), abs=1e-6)
    assert burnish_command("export", trained.path, "--to", "onnx", "--out", tmp_path / "out", "--bound", "1").code == 0
    own = trained.predictor()(TEXTS)
    out = tmp_path / "out" / "onnx-float32"
    settings = json.loads((out / "settings.json").read_text())
    assert settings["calibrator"] == trained.predictor().bundle.target.model_dump(mode="json")["calibrator"]
    program = (out / "answer.py").read_text()
    for text, answer in zip(TEXTS[:3], own, strict=False):
        said = subprocess.run(
            [sys.executable, "-c", program, text], cwd=out, check=True, capture_output=True, text=True
        ).stdout
        assert json.loads(said)["answer"] == answer.answer
        assert json.loads(said)["probabilities"] == pytest.approx(answer.probabilities, abs=1e-3)
    data = str(tiny_runs.write_jsonl(tmp_path / "other.jsonl", tiny_runs.rows(task)[:20]))
    other = burnish.evaluate(trained.path, data=data, out=tmp_path / "evaluation")["decisions"]["calibrator"]["test"]
    assert set(other) == {"log_loss_before", "log_loss_after"}
