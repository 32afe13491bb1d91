"""Runs on several data sets: from the recipe to scores of each, resumed, read again by exports, and refused in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.core.predictions import Predictions
from burnish.recipe.recipe import Recipe
from burnish.stages.held_out import held_out
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.train.assemble import training_batches
from burnish.training import checkpoint as checkpoints
from burnish.training.accelerator import Accelerator
from tests.integration import tiny_runs
from tests.integration.spoiled import Said

Command = Callable[..., Said]


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The tiny rows, a third of them with other column names."""
    rows, folder = tiny_runs.rows("label"), tmp_path_factory.mktemp("sets")
    others = [{"review": row["text"], "stars": row["label"]} for row in rows[40:]]
    columns = {"text": "review", "label": "stars"}
    return [
        {"place": written(folder / "shop.jsonl", rows[:40])},
        {"place": written(folder / "films.jsonl", others), "weight": 0.5, "columns": columns},
    ]


def settings(bert: Path, sets: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    schedule = {"kind": "constant", "warmup_ratio": 0}  # of which a longer run is the same to begin with
    return {**tiny_runs.QUICK, "model": str(bert), "data": {"train": sets}, "schedule": schedule, **more}


def prepared(recipe: dict[str, Any]) -> tuple[Prepared, list[str]]:
    said: list[str] = []

    def tell(event: Event) -> None:
        if event.name in ("note", "warning"):
            said.append(str(event.values["text"]))

    return prepare(Recipe.load(recipe), tell, Accelerator("cpu", "float32")), said


@pytest.fixture(scope="module")
def run(bert: Path, sets: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> burnish.Run:
    return burnish.train(settings(bert, sets), out=tmp_path_factory.mktemp("runs") / "run")


def test_each_data_set_has_scores_of_its_own(run: burnish.Run) -> None:
    parts = run.scores["data_sets"]
    assert set(parts) == {"shop", "films"}
    assert sum(part["rows"] for part in parts.values()) == run.scores["rows"]
    for part in parts.values():
        assert set(part["metrics"]) == set(run.scores["headline"])
        accuracy = part["metrics"]["accuracy"]
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    kept = Predictions.load(run.path / "predictions.parquet")
    right = [t == a for t, a, s in zip(kept.truth, kept.answer, kept.data_sets or [], strict=True) if s == "films"]
    assert parts["films"]["metrics"]["accuracy"]["value"] == pytest.approx(np.mean(right))
    report = (run.path / "report.md").read_text(encoding="utf-8")
    assert "## Data sets" in report
    assert "| `films`" in report


def test_an_export_reads_the_same_splits_again(run: burnish.Run) -> None:
    held = held_out(Bundle.load(run.path))
    told = Bundle.load(run.path).settings["data"]
    assert {name: len(part) for name, part in held.parts.items()} == {n: d["rows"] for n, d in told.items()}
    assert held.parts["test"].table.data_sets == ("shop", "films")


def test_other_rows_are_scored_by_data_set_as_well(run: burnish.Run, sets: list[dict[str, Any]]) -> None:
    given = [{name: value for name, value in one.items() if name != "weight"} for one in sets]
    result = burnish.evaluate(run.path, given)
    assert {name: part["rows"] for name, part in result["data_sets"].items()} == {"shop": 40, "films": 20}
    assert result["rows_in_train"] == Bundle.load(run.path).settings["data"]["train"]["rows"]


def test_the_command_scores_each_data_set(
    run: burnish.Run, sets: list[dict[str, Any]], burnish_command: Command, tmp_path: Path
) -> None:
    """Two `--data` of one name are told apart by their paths; files are one table, and columns named hold for all."""
    rows = tiny_runs.rows("label")
    parts = {"a/test.jsonl": rows[:9], "b/test.jsonl": rows[9:16], "more.jsonl": rows[16:20]}
    for name, some in parts.items():
        written(tmp_path / name, [{"review": row["text"], "stars": row["label"]} for row in some])
    one, other, more = (str(tmp_path / name) for name in parts)
    named = ["--input", "review", "--target", "stars"]
    said = burnish_command("evaluate", run.path, "--data", one, "--data", other, *named, "--out", tmp_path / "two")
    assert said.code == 0, said.err
    scores = json.loads((tmp_path / "two" / "scores.json").read_text())
    assert {name: part["rows"] for name, part in scores["data_sets"].items()} == {one: 9, other: 7}
    assert one in said.out
    said = burnish_command("evaluate", run.path, one, other, "--data", more, *named, "--out", tmp_path / "three")
    assert said.code == 0, said.err
    scores = json.loads((tmp_path / "three" / "scores.json").read_text())
    assert {name: part["rows"] for name, part in scores["data_sets"].items()} == {"test": 16, "more": 4}
    said = burnish_command("evaluate", run.path, one, other, *named, "--out", tmp_path / "one")
    assert "data_sets" not in json.loads((tmp_path / "one" / "scores.json").read_text())
    wrong = burnish_command("evaluate", run.path, "--data", one, "--data", sets[0]["place"], *named)
    assert (wrong.code, "'review'" in wrong.err, sets[0]["place"] in wrong.err) == (2, True, True), wrong.err


def test_a_run_that_was_stopped_goes_on_as_if_it_never_was(
    run: burnish.Run, bert: Path, sets: list[dict[str, Any]], tmp_path: Path
) -> None:
    first = burnish.train(settings(bert, sets, max_steps=3), out=tmp_path / "run")
    longer = burnish.train(out=first.path, resume=True, max_steps=None)
    newest = [checkpoints.newest(r.path / "checkpoints", lambda text: None) for r in (run, longer)]
    assert newest[0] is not None
    assert newest[1] is not None
    assert newest[0].hash == newest[1].hash


def test_another_weight_is_another_run(run: burnish.Run, sets: list[dict[str, Any]]) -> None:
    other = [sets[0], {**sets[1], "weight": 2}]
    with pytest.raises(InputError, match=r"weights of data sets were \{.*'films': 0.5.* and are .*2"):
        burnish.train(out=run.path, resume=True, data={"train": other})


def test_shares_are_said_and_an_epoch_is_as_long_as_they_make_it(bert: Path, sets: list[dict[str, Any]]) -> None:
    made, said = prepared(settings(bert, sets))
    numbers = made.parts["train"].table.data_set_numbers[made.parts["train"].rows]
    counts = np.bincount(numbers)
    order = training_batches(made, Accelerator("cpu", "float32")).order
    half = int(np.floor(counts[1] / 2 + 0.5))
    assert np.bincount(numbers[order.epoch(1)]).tolist() == [counts[0], half]
    share = f"films (weight 0.5) {half} examples, {half / (counts[0] + half):.1%}"
    assert any(line.startswith("data sets in an epoch: shop ") and share in line for line in said)


def test_without_weights_a_run_is_that_of_one_table(bert: Path, tmp_path: Path) -> None:
    """The same rows as one file, and as two data sets with the splits named: the same steps bit for bit."""
    rows = tiny_runs.rows("label")
    whole = {"train": written(tmp_path / "all.jsonl", rows[:40]), "test": written(tmp_path / "test.jsonl", rows[40:])}
    halves = [written(tmp_path / f"{name}.jsonl", part) for name, part in (("a", rows[:25]), ("b", rows[25:40]))]
    several = {**whole, "train": [{"place": place} for place in halves]}
    orders = []
    for data in (whole, several):
        recipe = {**settings(bert, []), "data": data, "allow": ["empty_split"]}
        made, _ = prepared({**recipe, "split": {"kind": "stratified", "validation": 0}})
        orders.append(training_batches(made, Accelerator("cpu", "float32")).order)
    for epoch in range(3):
        np.testing.assert_array_equal(orders[0].epoch(epoch), orders[1].epoch(epoch))


def test_a_data_set_without_training_rows_is_refused(bert: Path, sets: list[dict[str, Any]], tmp_path: Path) -> None:
    rows = tiny_runs.rows("label")
    test = written(tmp_path / "test.jsonl", rows[40:])
    again = written(tmp_path / "again.jsonl", rows[40:43])  # all of them are in the test
    data = {"train": [sets[0], {"place": again}], "test": test}
    with pytest.raises(InputError, match="'again' has no training examples") as caught:
        prepared({**settings(bert, []), "data": data})
    assert again in str(caught.value)


def test_conversations_of_two_forms_are_one_run(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    things = ("card", "parcel", "film", "fox", "dog", "order")
    alpaca = [{"ask": f"where is my {t} {n}", "reply": f"my {t}"} for n in range(4) for t in things]
    turns = [
        [{"role": "user", "content": f"a good {t} {n} ?"}, {"role": "assistant", "content": "a bad ending"}]
        for n in range(3)
        for t in things
    ]
    data = [
        {"place": written(tmp_path / "alpaca.jsonl", alpaca), "columns": {"instruction": "ask", "output": "reply"}},
        {"place": written(tmp_path / "messages.jsonl", [{"messages": turn} for turn in turns]), "weight": 2},
    ]
    model = str(checkpoint("llama"))
    recipe = {**settings(Path(model), data), "input": {"kind": "chat", "template": "plain"}}
    made, said = prepared(recipe)
    assert any(line.startswith("input: alpaca: Rows are Alpaca instructions") for line in said)
    assert any(line.startswith("input: messages: Rows are OpenAI messages") for line in said)
    assert any("messages (weight 2)" in line and "% of tokens" in line for line in said)
    for part in made.parts.values():
        assert part.table.data_sets == ("alpaca", "messages")
        assert set(part.table.data_set_numbers[part.rows].tolist()) == {0, 1}
    again, _ = prepared(made.recipe.model_dump(mode="json"))
    assert again.hashes() == made.hashes()
    unnamed, _ = prepared({k: v for k, v in recipe.items() if k != "input"} | {"input": {"template": "plain"}})
    assert unnamed.recipe.input.kind() == "chat"
