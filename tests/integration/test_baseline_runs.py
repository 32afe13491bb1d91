"""Baselines of whole runs: words, and a checkpoint that came with a head for the same labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.core.predictions import Predictions
from tests.integration import tiny_runs

NAMES = ("Review", "PAYMENT", "delivery", "anything else")


def with_a_head(bert: Path, folder: Path) -> Path:
    """The tiny checkpoint with a head of its own, in another order, case and number than the labels of the data."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    shutil.copytree(bert, folder)
    named = {"id2label": dict(enumerate(NAMES)), "label2id": {name: i for i, name in enumerate(NAMES)}}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        config = AutoConfig.from_pretrained(folder, num_labels=len(NAMES), **named)
        AutoModelForSequenceClassification.from_pretrained(folder, config=config).save_pretrained(folder)
    return folder


def answered_by_the_library(checkpoint: Path, texts: list[str]) -> np.ndarray:
    """[N, 4] probabilities of the checkpoint as transformers alone computes them."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    with torch.inference_mode():
        return np.concatenate([model(**tokenizer(t, return_tensors="pt")).logits.softmax(-1).numpy() for t in texts])


def test_a_checkpoint_with_a_head_is_tested_untouched(bert: Path, tmp_path: Path) -> None:
    """Its accuracy is that of transformers over the names of the data; the difference is paired; words stand beside it."""
    checkpoint, data = with_a_head(bert, tmp_path / "checkpoint"), tmp_path / "rows.jsonl"
    rows = tiny_runs.rows("label")
    tiny_runs.write_jsonl(data, rows)
    settings = tiny_runs.settings("label", checkpoint, str(data)) | {"baselines": True, "max_steps": 8}
    run = burnish.train(settings, out=tmp_path / "run")
    table = Predictions.load(tmp_path / "run" / "predictions.parquet")
    texts = [rows[row]["text"] for row in table.table["row"].to_pylist()]
    place = [NAMES.index(name) for name in ("delivery", "PAYMENT", "Review")]
    assert table.names == ("delivery", "payment", "review")
    answers = answered_by_the_library(checkpoint, texts)[:, place].argmax(axis=1)
    accuracy = np.mean([table.names[a] == t for a, t in zip(answers, table.truth, strict=True)])
    found = run.scores["baselines"]["zero_shot"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)
    paired = found["differences"]["accuracy"]
    assert paired["value"] == pytest.approx(run.scores["metrics"]["accuracy"]["value"] - accuracy)
    assert paired["low"] <= paired["value"] <= paired["high"]
    assert "1 of its 4 names are not in the data" in found["note"]
    assert "chosen on validation" in run.scores["baselines"]["tf_idf"]["note"]
    for file in ("report.md", "report.html"):
        text = (tmp_path / "run" / file).read_text(encoding="utf-8")
        assert "ntouched checkpoint (zero-shot)" in text
        assert "inear model on word counts (TF-IDF)" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "why"),
    [("label", "names no labels"), ("score", "numbers have no names"), ("tags", "heads that tag words")],
)
def test_why_nothing_was_tested_untouched(bert: Path, tmp_path: Path, task: str, why: str) -> None:
    """In scores.json, report.md and report.html."""
    data = tiny_runs.write_jsonl(tmp_path / "rows.jsonl", tiny_runs.rows(task))
    settings: dict[str, Any] = tiny_runs.settings(task, bert, str(data)) | {"baselines": True, "max_steps": 2}
    burnish.train(settings, out=tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))
    assert why in scores["baselines_left_out"]["zero_shot"]
    assert ("tf_idf" in scores["baselines"]) == (task != "tags")
    for file in ("report.md", "report.html"):
        assert why in (tmp_path / "run" / file).read_text(encoding="utf-8")
