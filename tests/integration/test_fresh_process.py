"""Exactness rule 3: what a new process reads back from disk answers as the run did when it was tested.

One process answers for all runs, so that torch is imported once: first with plain transformers or timm, before burnish is
imported, then with `burnish.load`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.predictions import Predictions
from tests.integration import tiny_runs
from tests.slow_cases import slow_but

KEYS = [(task, "full", "bert") for task in tiny_runs.EVERY]
KEYS += [("label", adapter, "bert") for adapter in tiny_runs.ADAPTERS if adapter != "full"]
KEYS += [("label", "full", "gpt2"), ("label", "full", "llama"), ("label", "full", "roberta"), ("label", "lora", "gpt2")]
QUICK = ("label-full-bert", "tags-full-bert", "images-full-bert", "label-lora-gpt2")
"""Those of the fast suite."""
SLOW = [
    (task, adapter, "bert")
    for task in tiny_runs.EVERY[1:]
    for adapter in tiny_runs.ADAPTERS
    if adapter != "full" and not (task == "images" and "lora" in adapter)  # that ResNet has nothing but convolutions
]

FRESH = """
import json, sys

def pipelines(job):
    import base64, io
    import soundfile, timm, torch
    from PIL import Image
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    model, rows = job["run"] + "/bundle/model", job["rows"]
    if job["task"] in ("label", "pairs", "labels"):
        ask = pipeline("text-classification", model, device="cpu")
        asked = [{"text": r["question"], "text_pair": r["passage"]} if "question" in r else r["text"] for r in rows]
        best = [ask(text)[0]["label"] for text in asked] if job["task"] == "label" else None
        return {"scores": [ask(text, top_k=None) for text in asked], "best": best}
    if job["task"] == "tags":
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = AutoModelForTokenClassification.from_pretrained(model).eval()
        answers = []
        for row in rows:
            encoded = tokenizer(row["words"], is_split_into_words=True, return_tensors="pt")
            with torch.inference_mode():
                best = network(**encoded).logits[0].argmax(dim=-1).tolist()
            words = encoded.word_ids(0)
            firsts = [words.index(i) for i in range(len(row["words"]))]
            answers.append([network.config.id2label[best[i]] for i in firsts])
        return {"tags": answers}
    if job["task"] == "sounds":
        ask, scores = pipeline("audio-classification", model, device="cpu", top_k=None), []
        for row in rows:
            waveform, rate = soundfile.read(io.BytesIO(base64.b64decode(row["audio"]["base64"])), dtype="float32")
            scores.append(ask({"raw": waveform, "sampling_rate": rate}))
        return {"scores": scores}
    if job["task"] == "images":
        network = timm.create_model("local-dir:" + model, pretrained=True).eval()
        prepared = timm.data.create_transform(**timm.data.resolve_model_data_config(network))
        names, scores = network.pretrained_cfg["label_names"], []
        for row in rows:
            picture = Image.open(io.BytesIO(base64.b64decode(row["image"]["base64"]))).convert("RGB")
            with torch.inference_mode():
                found = network(prepared(picture)[None])[0].softmax(-1).tolist()
            scores.append([{"label": n, "score": s} for n, s in zip(names, found, strict=True)])
        return {"scores": scores}

def predictor(job):
    import burnish

    answers = burnish.load(job["run"])(job["rows"])
    return [[a.answer, list(a.probabilities.values())] for a in answers]

jobs = json.load(open(sys.argv[1]))
found = {key: {"plain": pipelines(job)} for key, job in jobs.items()}
assert "burnish" not in sys.modules
for key, job in jobs.items():
    found[key]["burnish"] = predictor(job)
json.dump(found, open(sys.argv[2], "w"))
"""


def answered(runs: dict[str, Path], folder: Path) -> dict[str, Any]:
    """What a new process answers to the test rows of each run, with plain transformers and with burnish."""
    jobs = {}
    for key, run in runs.items():
        task = key.split("-")[0]
        data = tiny_runs.rows(task)
        numbers = Predictions.load(run / "predictions.parquet").table["row"].to_pylist()
        jobs[key] = {"task": task, "run": str(run), "rows": [data[n] for n in numbers]}
    asked, said = folder / "asked.json", folder / "said.json"
    asked.write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", FRESH, str(asked), str(said)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(said.read_text(encoding="utf-8")))


def joined(key: tuple[str, str, str]) -> str:
    return "-".join(key)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, trained: Callable[..., Path]) -> dict[str, Path]:
    """Those that tests of this session look at."""
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    asked = {spec.params["key"] for spec in specs if spec} | {QUICK[1]}
    chosen = [key for key in KEYS if joined(key) in asked]
    return {joined(key): trained(*key, **({} if key[2] == "bert" else {"epochs": 1})) for key in chosen}


@pytest.fixture(scope="module")
def fresh(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return answered(runs, tmp_path_factory.mktemp("fresh"))


def same(predictions: Predictions, said: list[Any]) -> None:
    """Answers and probabilities of a run and of a fresh process."""
    assert len(said) == len(predictions) > 0
    if predictions.target == "score":
        np.testing.assert_allclose([a for a, _ in said], predictions.answer, rtol=0, atol=1e-5)
        return
    assert [a for a, _ in said] == predictions.answer
    if predictions.target != "tags":
        np.testing.assert_allclose([p for _, p in said], predictions.probabilities, rtol=0, atol=1e-5)


@pytest.mark.parametrize("key", slow_but(map(joined, KEYS), *QUICK))
def test_a_fresh_process_answers_as_the_run_did(runs: dict[str, Path], fresh: dict[str, Any], key: str) -> None:
    same(Predictions.load(runs[key] / "predictions.parquet"), fresh[key]["burnish"])


@pytest.mark.parametrize(
    "key", slow_but([joined(key) for key in KEYS if key[0] not in ("score", "tags")], QUICK[0], *QUICK[2:])
)
def test_the_plain_library_gives_the_same_scores(runs: dict[str, Path], fresh: dict[str, Any], key: str) -> None:
    """Softmax over labels, a sigmoid for each of several labels; how rows are read and label names come from the folder."""
    predictions = Predictions.load(runs[key] / "predictions.parquet")
    for own, scores in zip(predictions.probabilities, fresh[key]["plain"]["scores"], strict=True):
        by_name = {s["label"]: s["score"] for s in scores}
        assert set(by_name) == set(predictions.names)
        np.testing.assert_allclose([by_name[name] for name in predictions.names], own, rtol=0, atol=1e-5)


@pytest.mark.parametrize("key", slow_but([joined(key) for key in KEYS if key[0] == "label"], QUICK[0], QUICK[3]))
def test_a_plain_text_classification_pipeline_gives_the_same_label(
    runs: dict[str, Path], fresh: dict[str, Any], key: str
) -> None:
    assert fresh[key]["plain"]["best"] == Predictions.load(runs[key] / "predictions.parquet").answer


def test_a_plain_token_classification_model_gives_the_same_tags(runs: dict[str, Path], fresh: dict[str, Any]) -> None:
    key = joined(("tags", "full", "bert"))
    assert fresh[key]["plain"]["tags"] == Predictions.load(runs[key] / "predictions.parquet").answer


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_task_with_every_adapter_answers_the_same_in_a_fresh_process(
    trained: Callable[..., Path], tmp_path: Path
) -> None:
    runs = {joined(key): trained(*key, epochs=1) for key in SLOW}
    said = answered(runs, tmp_path)
    for key, run in runs.items():
        same(Predictions.load(run / "predictions.parquet"), said[key]["burnish"])
