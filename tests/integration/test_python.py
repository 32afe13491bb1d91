"""The verbs from Python, each as the README shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import burnish
from burnish.core.errors import InputError
from tests.integration import tiny_runs
from tests.integration.spoiled import Said
from tests.slow_cases import slow_but

Command = Callable[..., Said]
Trained = Callable[..., Path]
SMALL = ("trackers=[{kind: console, style: plain}]", "baselines=false", "precision=float32", "resamples=100")
QUICK = (*SMALL, "batch_size=8", "epochs=1")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# Python


def in_memory(kind: str, rows: list[dict[str, Any]]) -> Any:
    if kind == "list":
        return rows
    if kind == "pandas":
        import pandas

        return pandas.DataFrame(rows)
    if kind == "arrow":
        return pa.Table.from_pylist(rows)
    import datasets

    return datasets.Dataset.from_list(rows)


@pytest.mark.parametrize("kind", slow_but(["list", "pandas", "datasets"], "pandas"))
def test_train_evaluate_and_load_from_python(bert: Path, tmp_path: Path, kind: str) -> None:
    rows = tiny_runs.rows("label")
    run = burnish.train(
        data=in_memory(kind, rows), target="label", model=str(bert), out=tmp_path / "run", epochs=1, **tiny_runs.quick()
    )
    assert run.path == tmp_path / "run"
    assert 0 <= run.scores["metrics"]["accuracy"]["value"] <= 1
    scores = burnish.evaluate(run.path, in_memory(kind, rows[:10]))
    assert scores["metrics"]["accuracy"]["low"] <= scores["metrics"]["accuracy"]["high"]
    predictor = burnish.load(run.path)
    answer = predictor("my lost card at home")
    assert answer.answer in answer.probabilities
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert [a.answer for a in predictor([r["text"] for r in rows[:3]])] == [a.answer for a in predictor(rows[:3])]
    assert predictor([]) == []


def test_tags_from_memory(bert: Path, tmp_path: Path) -> None:
    import datasets

    rows = datasets.Dataset.from_list(tiny_runs.rows("tags"))
    run = burnish.train(
        data=rows, task="token-classification", model=str(bert), out=tmp_path / "run", epochs=1, **tiny_runs.quick()
    )
    answer = burnish.load(run.path)({"words": ["my", "card", "at", "home"]})
    assert len(answer.answer) == 4


@pytest.mark.slow
def test_a_recipe_object_a_mapping_and_a_file_are_the_same_run(bert: Path, messages: Path, tmp_path: Path) -> None:
    settings = {"data": str(messages), "target": "label", "model": str(bert), "max_steps": 2, **tiny_runs.quick()}
    recipe = burnish.Recipe.load(settings)
    file = tmp_path / "recipe.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    runs = [burnish.train(given, out=tmp_path / f"run{i}") for i, given in enumerate((recipe, settings, file))]
    assert runs[0].scores["metrics"] == runs[1].scores["metrics"] == runs[2].scores["metrics"]
    other = burnish.train(recipe, out=tmp_path / "other", learning_rate=1e-4)
    assert other.recipe.learning_rate == 1e-4


def test_one_process_may_train_in_one_precision_after_another() -> None:
    from burnish.training.accelerator import Accelerator

    for precision in ("float32", "bfloat16", "float32"):
        assert Accelerator("cpu", precision).precision == precision  # type: ignore[arg-type]


def test_errors_in_python_are_the_same_errors(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'lable'"):
        burnish.train(data=tiny_runs.rows("label"), target="lable", model=str(bert), out=tmp_path / "run")
    with pytest.raises(InputError, match="not a bundle"):
        burnish.load(tmp_path)
    predictor_less = tmp_path / "run"
    assert not predictor_less.exists()


def test_a_missing_column_in_a_question_is_said(trained: Trained) -> None:
    predictor = burnish.load(trained("pairs"))
    with pytest.raises(InputError, match="'passage' is missing"):
        predictor({"question": "my card"})
    with pytest.raises(InputError, match="1 values"):
        predictor("my card")
    assert predictor([("my card", "a card")])[0].answer in ("same", "other")


@pytest.mark.parametrize("question", [None, 5, b"a card"])
def test_what_is_no_question_is_said(trained: Trained, question: Any) -> None:
    with pytest.raises(InputError, match="expected: a text, an example"):
        burnish.load(trained("label"))(question)


def test_dates_are_read_as_they_are_written(bert: Path, tmp_path: Path) -> None:
    """Also in the golden examples, which JSON holds."""
    made = [{**row, "text": datetime(2026, 1 + i % 9, 1 + i % 28)} for i, row in enumerate(tiny_runs.rows("label"))]
    recipe = tiny_runs.settings("label", bert, made, epochs=1, allow=["test_rows_in_train"])
    run = burnish.train(recipe, out=tmp_path / "run")
    assert burnish.load(run.path)("2026-01-01 00:00:00").answer in ("payment", "delivery", "review")
