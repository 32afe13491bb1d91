"""The verbs as people use them: a table becomes a run, which is resumed, evaluated, shown, and answers new rows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import burnish
from burnish.core.errors import InputError
from burnish.recipe.text import load_file
from tests.integration import tiny_runs
from tests.integration.spoiled import Said, write_csv
from tests.slow_cases import slow_but

Command = Callable[..., Said]
Trained = Callable[..., Path]
SMALL = ("trackers=[{kind: console, style: plain}]", "baselines=false", "precision=float32", "resamples=100")
QUICK = (*SMALL, "batch_size=8", "epochs=1")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# train


def test_a_doubtful_run_says_so_on_the_console_and_in_the_report(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    """A rate of nothing leaves the network as it was: below its own baseline, and chosen on twelve rows."""
    out = tmp_path / "run"
    source = ("--data", messages, "--target", "label", "--model", bert, "--device", "cpu", "--out", out)
    said = burnish_command("train", *source, "resamples=100", "epochs=2", "learning_rate=1e-12")
    assert said.code == 0, said.err
    below = next(line for line in said.out.splitlines() if "is worse than that of " in line)
    assert below.startswith("warning: macro_f1 ")
    assert "leave learning_rate out (default here: 0.0002" in below
    assert "warning: the best of 2 checkpoints was chosen on" in said.out
    report = (out / "report.md").read_text(encoding="utf-8")
    doubts = json.loads((out / "scores.json").read_text(encoding="utf-8"))["doubts"]
    assert report.count("**Caution**") == len(doubts) == 3
    assert doubts[0].startswith("every prediction is ")
    assert doubts[1] in below


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
    rates = "default learning_rate: 0.0002, layer_decay: 0.9, head_learning_rate: 0.002 for a small text encoder"
    assert rates in said.out
    assert "accuracy" in said.out
    assert str(out) in said.out
    notes = [json.loads(line).get("text", "") for line in (out / "events.jsonl").read_text().splitlines()]
    assert any("input: text" in note for note in notes)
    kept = load_file(out / "recipe.yaml")
    assert kept["input"]["columns"] == ["text"]
    assert (kept["learning_rate"], kept["layer_decay"], kept["head_learning_rate"]) == (2e-4, 0.9, 2e-3)


@pytest.mark.parametrize(
    ("task", "kind", "columns"),
    [("labels", "labels", ["text"]), ("score", "score", ["text"]), ("tags", "tags", ["words"])],
)
def test_the_task_is_inferred_from_the_table(
    table: Callable[[str], Path], bert: Path, tmp_path: Path, task: str, kind: str, columns: list[str]
) -> None:
    run = burnish.train(
        data=str(table(task)), target=task, model=str(bert), out=tmp_path / "run", max_steps=1, **tiny_runs.quick()
    )
    assert run.recipe.target.kind() == kind
    assert list(run.recipe.input.required_columns) == columns


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


def test_another_tracker_does_not_silence_the_console(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    """Warnings and scores are seen whatever else listens; only an empty list is silent."""
    words = ["--data", messages, "--target", "label", "--model", bert, *QUICK, "max_steps=1"]
    said = burnish_command("train", *words, "--out", tmp_path / "loud", "trackers=[tensorboard]")
    assert said.code == 0, said.err
    assert "step 1 of 1" in said.out
    assert list((tmp_path / "loud").rglob("events.out.tfevents*"))
    silent = burnish_command("train", *words, "--out", tmp_path / "silent", "trackers=[]")
    assert (silent.code, silent.out) == (0, "")


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
    assert f"this run is finished; nothing was trained or tested again. Scores: {out}" in said.out
    burnish.load(out)


def test_another_recipe_or_other_rows_never_continue_a_run(
    burnish_command: Command, messages: Path, bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    recipe = tiny_runs.settings("label", bert, str(messages), epochs=1)
    burnish.train(recipe, out=out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with pytest.raises(InputError, match=r"another recipe: epochs was 1\.0 and is 2\.0 now"):
        burnish.train({**recipe, "epochs": 2}, out=out, resume=True)
    messages.write_text(messages.read_text(encoding="utf-8").replace("my late card", "my slow card"), encoding="utf-8")
    said = burnish_command("train", "--resume", "--out", out)
    assert said.code == 2
    assert "the data changed since the run began" in said.err
    assert str(messages) in said.err
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_run_of_rows_in_memory_is_continued_where_they_are(
    burnish_command: Command, bert: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    recipe = tiny_runs.settings("label", bert, tiny_runs.rows("label"), epochs=1)
    burnish.train(recipe, out=out)
    said = burnish_command("train", "--resume", "--out", out)
    assert said.code == 2
    assert "in memory" in said.err
    assert "resume=True" in said.err
    burnish.train(recipe, out=out, resume=True)


# evaluate


def test_evaluate_shows_the_sealed_test(burnish_command: Command, trained: Trained) -> None:
    run = trained("label")
    scores = read(run / "scores.json")
    said = burnish_command("evaluate", run)
    assert said.code == 0
    assert "accuracy" in said.out
    assert f"{scores['metrics']['accuracy']['value']:.4f}" in said.out
    assert burnish.evaluate(run) == scores


@pytest.mark.parametrize("task", slow_but(tiny_runs.EVERY, "label", "images"))
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
    if headline["value"] == 1.0 and headline["low"] is None:  # nothing is wrong: resampling tells nothing
        assert headline["high"] is None
    else:
        assert headline["low"] <= headline["value"] <= headline["high"]
    assert f"{headline['value']:.4f}" in said.out
    assert pq.read_table(out / "predictions.parquet")["row"].to_pylist() == list(range(1, 18))
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "17 examples of other.jsonl" in report
    assert "not a held-out test" in report
    assert all((out / picture).is_file() for picture in re.findall(r"\]\((pictures/[^)]+)\)", report))
    assert "read as UTF-8" in said.err
    again = burnish_command("evaluate", run, "--data", data, "--out", out)
    assert (again.code, "there already" in again.err) == (2, True)


def test_columns_that_are_called_otherwise_are_named(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    """Predictions stand beside the columns as the file has them; scores are those of the same rows."""
    run, rows = trained("label"), tiny_runs.rows("label")[:24]
    same = write_csv(tmp_path / "same.csv", [{"text": r["text"], "label": r["label"]} for r in rows])
    other = write_csv(tmp_path / "other.csv", [{"review": r["text"], "lable": r["label"]} for r in rows])
    refused = burnish_command("evaluate", run, other, "--input", "review", "--out", tmp_path / "no")
    assert (refused.code, "Then name it: --target lable" in refused.err) == (2, True), refused.err
    scores = {}
    for file, named in ((same, ()), (other, ("--input", "review", "--target", "lable"))):
        said = burnish_command("evaluate", run, file, *named, "--out", tmp_path / f"{file.stem}-scores")
        assert said.code == 0, said.err
        scores[file] = read(tmp_path / f"{file.stem}-scores" / "scores.json")["metrics"]
    assert scores[same] == scores[other]
    for processes in (1, 2):
        out = tmp_path / f"predictions-{processes}.jsonl"
        said = burnish_command("predict", run, other, "-o", out, "--input", "review", "--processes", processes)
        assert said.code == 0, said.err
        answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert list(answers[0])[:3] == ["review", "lable", "prediction"]
        expected = [answer.answer for answer in burnish.load(run)([{"text": r["text"]} for r in rows])]
        assert [answer["prediction"] for answer in answers] == expected


def test_columns_without_data_are_refused(burnish_command: Command, trained: Trained) -> None:
    said = burnish_command("evaluate", trained("label"), "--target", "lable")
    assert (said.code, "evaluate RUN FILE" in said.err) == (2, True)


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
    data = write_csv(tmp_path / "empty.csv", [{"text": "my card", "label": ""}])
    said = burnish_command("evaluate", trained("label"), "--data", data, "--out", tmp_path / "scores")
    assert (said.code, "no row has a label" in said.err) == (2, True)
    assert not (tmp_path / "scores").exists()
    said = burnish_command("evaluate", tmp_path, "--data", data)
    assert (said.code, "not a bundle" in said.err) == (2, True)
    said = burnish_command("evaluate", tmp_path)
    assert (said.code, "no scores here" in said.err) == (2, True)


# info


@pytest.mark.parametrize("task", tiny_runs.EVERY)
def test_info_says_task_labels_scores_and_files(burnish_command: Command, trained: Trained, task: str) -> None:
    run = trained(task)
    said = burnish_command("info", run)
    assert said.code == 0
    scores = read(run / "scores.json")
    assert f"{scores['metrics'][scores['headline'][0]]['value']:.4f}" in said.out
    assert "whole" in said.out
    assert "step-" in said.out
    if task in ("label", *tiny_runs.FILES):
        assert "delivery, payment, review" in said.out
    assert burnish_command("info", run / "bundle").code == 0


def test_info_of_something_else(burnish_command: Command, tmp_path: Path) -> None:
    said = burnish_command("info", tmp_path)
    assert (said.code, "neither a run nor a bundle" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("scores.json", ("evaluate",)),
        ("scores.json", ("info",)),
        ("best.json", ("info",)),
        ("bundle/bundle.json", ("info",)),
        ("environment.json", ("train", "--resume")),
    ],
)
def test_a_damaged_file_of_a_run_is_named(
    burnish_command: Command, trained: Trained, tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    run = Path(shutil.copytree(trained("label"), tmp_path / "run"))
    (run / name).write_bytes((run / name).read_bytes()[:40])
    said = burnish_command(*words, run)
    assert said.code == 2, said
    assert str(run / name) in said.err
    assert "damaged" in said.err


def test_info_offers_the_nearest_folder(burnish_command: Command, trained: Trained) -> None:
    run = trained("label")
    said = burnish_command("info", run.with_name(run.name + "s"))
    assert (said.code, f"did you mean {str(run)!r}?" in said.err) == (2, True)
