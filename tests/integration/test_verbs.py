"""The verbs as people use them: a table becomes a run, which is resumed, evaluated, shown, and answers new rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import burnish
from burnish.core.errors import InputError
from burnish.recipe_text import load_file
from tests.integration import tiny_runs
from tests.integration.conftest import Said
from tests.integration.test_bad_input import write_csv

Command = Callable[..., Said]
Trained = Callable[..., Path]
SMALL = ("trackers=[{kind: console, style: plain}]", "baselines=false", "precision=float32", "resamples=100")
QUICK = (*SMALL, "batch_size=8", "epochs=1")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "messages.csv", tiny_runs.rows("label"))


# train


def test_train_from_a_table_alone_says_what_it_inferred(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs" / "messages"
    said = burnish_command(
        "train", "--data", messages, "--target", "label", "--model", bert, "--device", "cpu", "--out", out, *QUICK
    )
    assert said.code == 0, said.err
    assert "target: column 'label' as label" in said.out
    assert "input: text from column 'text'" in said.out
    assert "learning_rate: 5e-05" in said.out
    assert "accuracy" in said.out
    assert str(out) in said.out
    notes = [json.loads(line).get("text", "") for line in (out / "events.jsonl").read_text().splitlines()]
    assert any("input: text" in note for note in notes)
    assert load_file(out / "recipe.yaml")["input"]["columns"] == ["text"]


@pytest.mark.parametrize(
    ("task", "kind", "columns"),
    [("labels", "labels", ["text"]), ("score", "score", ["text"]), ("tags", "tags", ["words"])],
)
def test_the_task_is_inferred_from_the_table(
    table: Callable[[str], Path], bert: Path, tmp_path: Path, task: str, kind: str, columns: list[str]
) -> None:
    run = burnish.train(
        data=str(table(task)), target=task, model=str(bert), out=tmp_path / "run", max_steps=1, **plain()
    )
    assert run.recipe.target.kind() == kind
    assert list(run.recipe.input.required_columns) == columns


def plain() -> dict[str, Any]:
    return {k: v for k, v in tiny_runs.QUICK.items() if k != "epochs"}


def test_two_input_options_make_a_pair(
    burnish_command: Command, table: Callable[[str], Path], bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ["--data", table("pairs"), "--target", "label", "--input", "question", "--input", "passage"]
    said = burnish_command("train", *words, "--model", bert, "--out", out, *QUICK, "max_steps=1")
    assert said.code == 0, said.err
    assert load_file(out / "recipe.yaml")["input"]["columns"] == ["question", "passage"]


def test_overrides_reach_the_run_and_its_recipe(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    recipe, out = tmp_path / "recipe.yaml", tmp_path / "run"
    recipe.write_text(f"data: {messages}\ntarget: label\nmodel: {bert}\nloss: cross_entropy\n", encoding="utf-8")
    said = burnish_command("train", recipe, "learning_rate=3e-5", "loss.kind=focal", "--out", out, *QUICK)
    assert said.code == 0, said.err
    kept = load_file(out / "recipe.yaml")
    assert (kept["learning_rate"], kept["loss"]["kind"], kept["epochs"]) == (3e-5, "focal", 1)
    rates = [e["learning_rate"] for e in events(out) if e["name"] == "step"]
    assert 0 < max(rates) <= 3e-5


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_run_is_never_overwritten(burnish_command: Command, trained: Trained, messages: Path, bert: Path) -> None:
    run = trained("label")
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*")}
    said = burnish_command("train", "--data", messages, "--target", "label", "--model", bert, "--out", run)
    assert said.code == 2
    assert "never overwrites" in said.err
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before


def test_resuming_a_finished_run_changes_no_score(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ["--data", messages, "--target", "label", "--model", bert, "--out", out, *QUICK]
    assert burnish_command("train", *words).code == 0
    scores, predictions = read(out / "scores.json"), pq.read_table(out / "predictions.parquet")
    steps = len([e for e in events(out) if e["name"] == "step"])
    said = burnish_command("train", "--resume", "--out", out)
    assert said.code == 0, said.err
    assert read(out / "scores.json")["metrics"] == scores["metrics"]
    assert pq.read_table(out / "predictions.parquet").equals(predictions)
    assert len([e for e in events(out) if e["name"] == "step"]) == steps
    burnish.load(out)


# evaluate


def test_evaluate_shows_the_sealed_test(burnish_command: Command, trained: Trained) -> None:
    run = trained("label")
    scores = read(run / "scores.json")
    said = burnish_command("evaluate", run)
    assert said.code == 0
    assert "accuracy" in said.out
    assert f"{scores['metrics']['accuracy']['value']:.4f}" in said.out
    assert burnish.evaluate(run) == scores


@pytest.mark.parametrize("task", tiny_runs.TASKS)
def test_evaluate_on_other_rows_writes_scores_and_predictions(
    burnish_command: Command, trained: Trained, tmp_path: Path, task: str
) -> None:
    run, out = trained(task), tmp_path / "scores"
    rows = tiny_runs.rows(task)[:17]
    data = tiny_runs.write_jsonl(tmp_path / "other.jsonl", rows)
    said = burnish_command("evaluate", run, "--data", data, "--out", out)
    assert said.code == 0, said.err
    found = read(out / "scores.json")
    headline = found["metrics"][found["headline"][0]]
    assert headline["low"] <= headline["value"] <= headline["high"]
    assert f"{headline['value']:.4f}" in said.out
    assert pq.read_table(out / "predictions.parquet")["row"].to_pylist() == list(range(17))
    again = burnish_command("evaluate", run, "--data", data, "--out", out)
    assert (again.code, "there already" in again.err) == (2, True)


def test_evaluate_without_out_keeps_the_result_in_the_run(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ["--data", messages, "--target", "label", "--model", bert, "--out", out, *QUICK, "max_steps=1"]
    assert burnish_command("train", *words).code == 0
    for name in ("messages", "messages-2"):
        said = burnish_command("evaluate", out, "--data", messages)
        assert said.code == 0, said.err
        assert (out / "evaluations" / name / "scores.json").is_file()


def test_evaluate_refuses_rows_without_truth_and_folders_that_are_no_run(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    data = write_csv(tmp_path / "new.csv", [{"text": "my card", "lable": "payment"}])
    said = burnish_command("evaluate", trained("label"), "--data", data, "--out", tmp_path / "scores")
    assert (said.code, "'label'" in said.err, "'lable'" in said.err) == (2, True, True)
    assert not (tmp_path / "scores").exists()
    said = burnish_command("evaluate", tmp_path, "--data", data)
    assert (said.code, "not a bundle" in said.err) == (2, True)
    said = burnish_command("evaluate", tmp_path)
    assert (said.code, "no scores here" in said.err) == (2, True)


# predict


def answered(path: Path) -> list[dict[str, Any]]:
    """The rows of a file `predict` wrote."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return list(pq.read_table(path).to_pylist())


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_predict_keeps_every_row_and_column_in_order(
    burnish_command: Command, trained: Trained, tmp_path: Path, ending: str
) -> None:
    run, out = trained("label"), tmp_path / f"answers{ending}"
    rows = [{"id": r["id"], "text": r["text"], "note": 'two\nlines, "quoted", 好'} for r in tiny_runs.rows("label")]
    rows[3]["text"] = rows[3]["text"] + " and on" * 40  # a long row among short ones: answers must not move
    data = write_csv(tmp_path / "new.csv", rows)
    said = burnish_command("predict", run, data, "--out", out, "--batch-size", 7)
    assert said.code == 0, said.err
    found = answered(out)
    assert [{k: r[k] for k in ("id", "text", "note")} for r in found] == rows
    assert list(found[0])[:5] == ["id", "text", "note", "prediction", "probability"]
    expected = burnish.load(run)([r["text"] for r in rows])
    assert [r["prediction"] for r in found] == [a.answer for a in expected]
    for row, answer in zip(found, expected, strict=True):
        assert float(row["probability"]) == pytest.approx(answer.confidence, abs=1e-5)
        if ending != ".csv":
            assert row["probabilities"] == pytest.approx(answer.probabilities, abs=1e-5)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("task", ["labels", "score", "tags", "pairs"])
def test_predict_writes_the_answers_of_every_task(
    burnish_command: Command, trained: Trained, tmp_path: Path, task: str, ending: str
) -> None:
    run, out = trained(task), tmp_path / f"answers{ending}"
    column = "label" if task == "pairs" else task
    rows = [{k: v for k, v in r.items() if k != column} for r in tiny_runs.rows(task)[:9]]
    data = tiny_runs.write_jsonl(tmp_path / "new.jsonl", rows)
    assert burnish_command("predict", run, data, "--out", out).code == 0
    expected = [a.answer for a in burnish.load(run)(rows)]
    found = [r["prediction"] for r in answered(out)]
    if ending != ".csv":
        assert found == (pytest.approx(expected, abs=1e-5) if task == "score" else expected)
    elif task == "score":
        assert [float(v) for v in found] == pytest.approx(expected, abs=1e-5)
    else:
        assert found == ["|".join(e) if isinstance(e, list) else e for e in expected]
    assert [r["id"] for r in answered(out)] == [r["id"] for r in rows]


def test_predict_refuses_what_it_cannot_do_and_writes_nothing(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    run = trained("label")
    good = write_csv(tmp_path / "good.csv", [{"text": "my card"}])
    texts = write_csv(tmp_path / "texts.csv", [{"texts": "my card"}])
    taken = write_csv(tmp_path / "taken.csv", [{"text": "my card", "prediction": "x"}])
    cases: list[tuple[Path, str, tuple[str, ...]]] = [
        (good, "out.xlsx", (".xlsx", ".csv, .tsv, .jsonl, .parquet")),
        (texts, "out.csv", ("texts.csv", "'text'", "did you mean 'texts'?")),
        (taken, "out.csv", ("'prediction'", "rename it")),
        (tmp_path / "goood.csv", "out.csv", ("goood.csv", "good.csv")),
        (good, "no/such/folder/out.csv", ("does not exist", "mkdir -p")),
    ]
    for data, out, words in cases:
        said = burnish_command("predict", run, data, "--out", tmp_path / out)
        assert said.code == 2, said
        assert all(word in said.err for word in words), said.err
        assert not (tmp_path / out).exists()
    assert burnish_command("predict", run, good, "--out", good).code == 2
    said = burnish_command("predict", tmp_path, good, "--out", tmp_path / "out.csv")
    assert (said.code, "not a bundle" in said.err) == (2, True)


def test_a_bundle_alone_answers_as_its_run_does(trained: Trained) -> None:
    run = trained("label")
    text = "my lost card at home"
    assert burnish.load(run / "bundle")(text) == burnish.load(run)(text)


# info


@pytest.mark.parametrize("task", tiny_runs.TASKS)
def test_info_says_task_labels_scores_and_files(burnish_command: Command, trained: Trained, task: str) -> None:
    run = trained(task)
    said = burnish_command("info", run)
    assert said.code == 0
    scores = read(run / "scores.json")
    assert f"{scores['metrics'][scores['headline'][0]]['value']:.4f}" in said.out
    assert "whole" in said.out
    assert "step-" in said.out
    if task == "label":
        assert "delivery, payment, review" in said.out
    assert burnish_command("info", run / "bundle").code == 0


def test_info_of_something_else(burnish_command: Command, tmp_path: Path) -> None:
    said = burnish_command("info", tmp_path)
    assert (said.code, "neither a run nor a bundle" in said.err) == (2, True)


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


@pytest.mark.parametrize("kind", ["list", "pandas", "datasets"])
def test_train_evaluate_and_load_from_python(bert: Path, tmp_path: Path, kind: str) -> None:
    rows = tiny_runs.rows("label")
    run = burnish.train(
        data=in_memory(kind, rows), target="label", model=str(bert), out=tmp_path / "run", epochs=1, **plain()
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
        data=rows, task="token-classification", model=str(bert), out=tmp_path / "run", epochs=1, **plain()
    )
    answer = burnish.load(run.path)({"words": ["my", "card", "at", "home"]})
    assert len(answer.answer) == 4


def test_a_recipe_object_a_mapping_and_a_file_are_the_same_run(bert: Path, messages: Path, tmp_path: Path) -> None:
    settings = {"data": str(messages), "target": "label", "model": str(bert), "max_steps": 2, **plain()}
    recipe = burnish.Recipe.load(settings)
    file = tmp_path / "recipe.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    runs = [burnish.train(given, out=tmp_path / f"run{i}") for i, given in enumerate((recipe, settings, file))]
    assert runs[0].scores["metrics"] == runs[1].scores["metrics"] == runs[2].scores["metrics"]
    other = burnish.train(recipe, out=tmp_path / "other", learning_rate=1e-4)
    assert other.recipe.learning_rate == 1e-4


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
