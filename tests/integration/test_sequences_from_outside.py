"""The proof of the contracts: a sequence target from outside the package, from `train` to the server, with no edit in src.

Replies written behind their question, packed and learned in chunks; every command runs in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from starlette.testclient import TestClient

import burnish
from burnish.answering.opening import opened
from burnish.bundle.bundle import Bundle
from burnish.core.errors import BurnishError
from burnish.core.files import read_json
from burnish.core.predictions import Predictions
from burnish.server.app import create
from burnish.server.settings import Settings
from burnish.stages.evaluate import evaluate
from tests import toy_sequences as toy
from tests.integration import survival
from tests.integration.survival import Runs, end_together, events, kill_before_step, result, runs

PACKED: dict[str, Any] = {
    "sampler": {"kind": "tests.toy_sequences:Packed", "line": 40},
    "objective": {"kind": "chunked", "places": 16},
}
ASKED = toy.rows(9, 7)


@dataclass(frozen=True)
class Place:
    """Where runs are started, and the data they read."""

    runs: Runs
    data: dict[str, str]

    def recipe(self, name: str, way: str = "Reply", **settings: Any) -> Path:
        """A file; every step is counted on, and answers are written in each validation."""
        values = {
            **toy.recipe(self.runs.folder, way),
            "data": self.data,
            "max_steps": 12,
            "validation_steps": 4,
            "checkpoint_steps": 2,
        }
        path = self.runs.folder / f"{name}.yaml"
        path.write_text(json.dumps(values | settings), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, data = tmp_path_factory.mktemp("outside"), {}
    for number, (name, count) in enumerate((("train", 60), ("validation", 21), ("test", 20))):
        path = folder / f"{name}.jsonl"
        lines = [json.dumps(row) + "\n" for row in toy.rows(count, number)]
        path.write_text("".join(lines), encoding="utf-8")
        data[name] = str(path)
    with runs(folder) as started:
        yield Place(started, data)


@pytest.fixture(scope="module")
def through(place: Place) -> Path:
    """A finished run with dropout, packed and in chunks."""
    model = {**toy.recipe(place.runs.folder, "Reply")["model"], "dropout": 0.1}
    out = place.runs.folder / "through"
    place.runs.complete("train", place.recipe("dropout", model=model, **PACKED), "--out", out)
    return out


@pytest.mark.slow
def test_killed_and_resumed_is_never_interrupted(place: Place, through: Path) -> None:
    """Bit for bit: weights, validations, written answers, scores."""
    out = place.runs.folder / "killed"
    child = place.runs.start("train", place.runs.folder / "dropout.yaml", "--out", out, hook=kill_before_step(7))
    assert child.end() == -9
    place.runs.complete("train", "--resume", "--out", out)
    survival.assert_same(out, result(through))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["Reply", "Frames"])
def test_two_processes_are_one(place: Place, way: str) -> None:
    """Weights, losses and written answers: of 21 validation rows one process has a row more.

    What is written token by token is not written for validation where the loss decides; frames are read in one pass.
    """
    sgd = {"optimizer": "sgd", "learning_rate": 0.05}
    file, folder = place.recipe(f"sgd-{way}", way, **sgd, **(PACKED if way == "Reply" else {})), place.runs.folder
    one, two = folder / f"{way}-one", folder / f"{way}-two"
    place.runs.complete("train", file, "--out", one)
    children = place.runs.together(2, "train", file, "--out", two)
    assert end_together(children) == [0, 0], "\n".join(c.output for c in children)
    first, second = (load_file(run / "bundle" / "model" / "model.safetensors") for run in (one, two))
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=0, atol=1e-6, err_msg=name)
    said = [[event["scores"] for event in events(run, "validation")] for run in (one, two)]
    assert len(said[0]) == 3
    for a, b in zip(*said, strict=True):
        assert {"loss", "nats", *(("exact", "differing") if way == "Frames" else ())} <= a.keys()
        assert b == pytest.approx(a, rel=1e-4, abs=1e-6)
    assert Predictions.load(two / "predictions.parquet").answer == Predictions.load(one / "predictions.parquet").answer


def test_the_sealed_test_writes_answers_and_is_shown_the_truth(through: Path) -> None:
    """Nats of each row by hand, of the bundle's network over question and reply; they are those of the scores."""
    found = Predictions.load(through / "predictions.parquet")
    bundle = Bundle.load(through / "bundle", trust_code=True)
    network, _ = opened(bundle, "cpu")
    letters, nats = bundle.processor, []
    assert isinstance(letters, toy.Letters)
    for row in toy.rows(20, 2):
        asked = np.append(letters.numbers(row["text"]), toy.MARK)
        reply = np.append(letters.numbers(row["answer"]), toy.END)
        arrays, _ = bundle.input.collate([{"input_ids": np.append(asked, reply[:-1])}], letters)
        with torch.inference_mode():
            logits = network(**{name: torch.from_numpy(value) for name, value in arrays.items()})[0]
        sure = logits.double().log_softmax(-1)[len(asked) - 1 :].numpy()
        nats.append(-sure[np.arange(len(reply)), reply].sum())
    np.testing.assert_allclose(found.numbers("nats"), nats, rtol=1e-5)
    metrics = read_json(through / "scores.json")["metrics"]
    assert metrics["nats"]["value"] == pytest.approx(sum(nats) / sum(len(t) for t in found.truth), rel=1e-5)
    assert metrics["nats"]["low"] < metrics["nats"]["value"] < metrics["nats"]["high"]
    assert found.answer == [a.answer for a in burnish.load(through, trust_code=True)([*toy.rows(20, 2)])]


def test_evaluated_again_it_scores_as_it_did(place: Place, through: Path) -> None:
    """With metrics from outside and losses by what the network is shown."""
    again = evaluate(through, data=place.data["test"], out=place.runs.folder / "again", trust_code=True)
    scored = read_json(through / "scores.json")
    assert again["headline"] == scored["headline"] == ["exact", "differing", "nats"]
    for name in again["headline"]:
        assert again["metrics"][name] == pytest.approx(scored["metrics"][name], rel=1e-5)


def test_a_fresh_process_answers_as_the_predictor_and_the_server_do(place: Place, through: Path) -> None:
    data, out = place.runs.folder / "asked.jsonl", place.runs.folder / "answers.jsonl"
    data.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in ASKED), encoding="utf-8")
    expected = burnish.load(through, trust_code=True)([{"text": row["text"]} for row in ASKED])
    refused = place.runs.start("predict", through, data, "--out", out)
    assert refused.end() != 0
    assert "--trust-code" in refused.output
    place.runs.complete("predict", through, data, "--out", out, "--trust-code")
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["prediction"] for line in lines] == [a.answer for a in expected]
    with TestClient(create(Settings(bundles=[f"toy={through}"], trust_code=True))) as client:
        bodies = client.post("/predict", json=[{"text": row["text"]} for row in ASKED]).json()["answers"]
    assert [(b["answer"], b["ended"]) for b in bodies] == [(a.answer, a.ended) for a in expected]


@pytest.mark.parametrize("way", ["Reply", "Shown", "Frames"])
def test_trained_from_rows_with_a_report(tmp_path: Path, way: str) -> None:
    """`burnish.train` with baselines and report: what is not defined for written answers is left out."""
    settings = toy.recipe(tmp_path, way, max_steps=8, baselines=True)
    run = burnish.train(data=toy.rows(120), out=tmp_path / "run", **settings)
    assert run.scores["target"] == f"tests.toy_sequences:{way}"
    # The last two are defined for every target that declares the columns they need.
    assert run.scores["metrics"].keys() == {"exact", "differing", "nats", "perplexity", "stop_rate"}
    losses = [event["loss"] for event in events(tmp_path / "run", "step")]
    assert losses[-1] < losses[0]
    assert set(run.predictor()("abc").answer) <= set(toy.CAPITALS + toy.LETTERS)
    assert "nats" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    with pytest.raises(BurnishError, match="outside burnish"):
        burnish.load(tmp_path / "run")
