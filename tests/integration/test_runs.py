"""Whole runs of every task and of every architecture: what the run folder holds, and that it holds together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import burnish
from burnish.core.predictions import Predictions
from burnish.recipe.recipe import Settled
from burnish.recipe.text import load_file
from tests.integration import tiny_runs
from tests.slow_cases import slow_but

Trained = Callable[..., Path]
FILES = (
    "recipe.yaml",
    "bundle/bundle.json",
    "bundle/golden.json",
    "bundle/manifest.json",
    "bundle/README.md",
    "bundle/model/config.json",
    "bundle/model/model.safetensors",
    "checkpoints",
    "events.jsonl",
    "report.md",
    "report.html",
    "scores.json",
    "predictions.parquet",
    "environment.json",
    "audit.json",
    "best.json",
)
PROCESSOR = {"images": "image_processor.json", "sounds": "preprocessor_config.json"}
each_task = pytest.mark.parametrize("task", slow_but(tiny_runs.EVERY, "label", "tags", "images"))
each_architecture = pytest.mark.parametrize("architecture", slow_but(tiny_runs.ARCHITECTURES, "gpt2", "llama"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("task", slow_but(tiny_runs.EVERY, "label", "images"))
def test_the_run_folder_is_complete_and_nothing_half_written_is_left(trained: Trained, task: str) -> None:
    run = trained(task)
    processor = "bundle/model/" + PROCESSOR.get(task, "tokenizer.json")
    assert [name for name in (*FILES, processor) if not (run / name).exists()] == []
    assert [p for p in run.rglob("*") if ".writing-" in p.name] == []
    names = [json.loads(line)["name"] for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert names[-1] == "run_finished"
    assert {"note", "sanity", "run_started", "step", "validation", "checkpoint", "test"} <= set(names)


@each_task
def test_the_resolved_recipe_reads_back_as_the_recipe_that_ran(trained: Trained, task: str) -> None:
    run = trained(task)
    values = load_file(run / "recipe.yaml")
    again = Settled.model_validate(values)
    assert again.model_dump(mode="json") == read(run / "bundle/bundle.json")["recipe"]
    assert again == Settled.model_validate(again.model_dump())
    assert again.target.kind() == ("label" if task in ("pairs", *tiny_runs.FILES) else task)
    assert burnish.Recipe.load(values).target == again.target


@each_task
def test_every_headline_figure_lies_in_its_interval(trained: Trained, task: str) -> None:
    scores = read(trained(task) / "scores.json")
    assert scores["split"] == "test"
    assert scores["headline"]
    for name in scores["headline"]:
        metric = scores["metrics"][name]
        assert metric["low"] <= metric["value"] <= metric["high"], name


@each_task
def test_predictions_are_the_test_rows_in_order(trained: Trained, task: str) -> None:
    run = trained(task)
    table = pq.read_table(run / "predictions.parquet")
    rows = table["row"].to_pylist()
    parts = read(run / "environment.json")["data"]
    assert len(rows) == parts["test"]["rows"]
    assert rows == sorted(set(rows))
    assert sum(part["rows"] for part in parts.values()) == 60
    data = tiny_runs.rows(task)
    assert table["truth"].to_pylist() == [data[r - 1][tiny_runs.column(task)] for r in rows]  # counted from 1


@pytest.mark.parametrize("task", [t for t in tiny_runs.EVERY if t not in ("score", "images")])
def test_label_names_are_sorted_and_in_the_models_own_configuration(trained: Trained, task: str) -> None:
    run = trained(task)
    names = list(Predictions.load(run / "predictions.parquet").names)
    assert names == sorted(names)
    assert len(names) > 1
    config = read(run / "bundle/model/config.json")
    assert [config["id2label"][str(i)] for i in range(len(names))] == names
    assert config["label2id"] == {name: i for i, name in enumerate(names)}
    assert read(run / "bundle/bundle.json")["target"]["labels"] == names


@each_task
def test_best_json_names_a_checkpoint_that_is_kept(trained: Trained, task: str) -> None:
    run = trained(task)
    best, scores = read(run / "best.json"), read(run / "scores.json")
    assert (run / "checkpoints" / f"step-{best['step']:08d}").is_dir()
    assert scores["training"]["step"] == best["step"]
    assert scores["training"]["weights_sha256"] == best["hash"]


@each_task
def test_the_report_and_the_model_card_say_the_scores(trained: Trained, task: str) -> None:
    run = trained(task)
    scores = read(run / "scores.json")
    headline = scores["metrics"][scores["headline"][0]]["value"]
    assert f"{headline:.3f}" in (run / "report.md").read_text(encoding="utf-8")
    page = (run / "report.html").read_text(encoding="utf-8")
    assert f"{headline:.3f}".replace("-", "\u2212") in page
    assert str(run.parent) not in page
    assert f"{headline:.4f}" in (run / "bundle/README.md").read_text(encoding="utf-8")


def test_words_of_the_worst_mistakes_are_explained_where_asked(trained: Trained) -> None:
    """By as many predictions as there are words; not of the others."""
    run = trained("label", epochs=1, explained_mistakes=2)
    page = (run / "report.html").read_text(encoding="utf-8")
    cards = page.partition('id="ml"')[2].partition("</ul>")[0].split("<li ")[1:]
    explained = ['class="fx ' in card for card in cards]
    assert explained[:2] == [True] * min(2, len(cards))
    assert not any(explained[2:])


def test_a_tiny_run_learns_its_training_rows(trained: Trained, table: Callable[[str], Path], tmp_path: Path) -> None:
    """The test of wiring: truth, weights and label names that are mixed up anywhere cannot be learned."""
    run = trained("label", epochs=12)
    result = burnish.evaluate(run, str(table("label")), out=tmp_path / "all")
    assert result["metrics"]["accuracy"]["value"] > 0.95


@each_architecture
def test_every_architecture_trains_and_reloads(trained: Trained, architecture: str) -> None:
    run = trained("label", "full", architecture, epochs=1)
    predictions = Predictions.load(run / "predictions.parquet")
    data = tiny_runs.rows("label")
    answers = burnish.load(run)([data[r] for r in predictions.table["row"].to_pylist()])
    own = np.array([list(a.probabilities.values()) for a in answers])
    np.testing.assert_allclose(own, predictions.probabilities, atol=1e-5, rtol=0)
    assert [a.answer for a in answers] == predictions.answer


@pytest.mark.parametrize("task", slow_but(["label", "images"], "label"))
def test_the_pictures_of_a_run_are_drawn(
    drawn: None, bert: Path, table: Callable[[str], Path], tmp_path: Path, task: str
) -> None:
    """Other runs of this suite leave them empty."""
    run = burnish.train(tiny_runs.settings(task, bert, str(table(task)), epochs=1), out=tmp_path / "run")
    pictures = re.findall(r"\]\((pictures/[^)]+\.png)\)", (run.path / "report.md").read_text(encoding="utf-8"))
    assert len(pictures) >= 4
    assert all((run.path / picture).stat().st_size > 3000 for picture in pictures)
    assert {p.name for p in (run.path / "pictures").glob("*.png")} >= {Path(p).name for p in pictures}
