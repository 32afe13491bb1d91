"""Bad data and bad recipes: exit code 2, a message that says what was found and what to do, and nothing written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.recipe.text import load_file
from tests.integration import tiny_runs
from tests.integration.spoiled import Bench, write_csv

Change = Callable[[Path], object]

# The data


def test_a_file_that_is_not_there_and_its_neighbour(bench: Bench) -> None:
    write_csv(bench.folder / "messages.csv", bench.rows)
    bench.rows = []
    bench.recipe["data"] = str(bench.folder / "mesages.csv")
    bench.refused("mesages.csv", "messages.csv", "what to do")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ragged.csv", b"text,label\ngood,yes\na,b,c\n", ("ragged.csv", "row 2", "3 ", "expected")),
        ("notes.pdf", b"%PDF-1.4\n%\xe2\xe3", ("notes.pdf", ".pdf", ".csv")),
        ("binary.csv", bytes(range(256)) * 20, ("binary.csv",)),
        ("plain.json", b'"just a text"', ("plain.json", "expected")),
        ("broken.jsonl", b'{"text": "a", "label": "b"}\n{"text": \n', ("broken.jsonl", "line 2")),
        ("fake.parquet", b"PAR1 and nothing else", ("fake.parquet",)),
        ("header.csv", b"text,label\n", ("header.csv", "no rows", "at least one row")),
        ("empty.csv", b"", ("empty.csv",)),
        ("packed.csv", gzip.compress(b"text,label\ngood,yes\n", mtime=0), ("packed.csv", "a gzip archive", ".csv.gz")),
    ],
)
def test_a_file_that_is_not_a_table(bench: Bench, name: str, content: bytes, words: tuple[str, ...]) -> None:
    (bench.folder / name).write_bytes(content)
    bench.recipe["data"] = str(bench.folder / name)
    bench.refused(*words)


def test_a_misspelt_target_column_offers_the_nearest(bench: Bench) -> None:
    bench.recipe["target"] = {"kind": "label", "column": "lable"}
    bench.refused("target", "'lable'", "one of id, text, label", "did you mean 'label'?")


def test_a_misspelt_input_column_offers_the_nearest(bench: Bench) -> None:
    bench.recipe["input"] = {"kind": "text", "columns": ["txt"]}
    bench.refused("input", "'txt'", "one of id, text, label", "did you mean 'text'?")


def test_a_misspelt_group_column_offers_the_nearest(bench: Bench) -> None:
    bench.recipe["group"] = "idd"
    bench.refused("group", "'idd'", "did you mean 'id'?")


def test_a_column_that_only_the_test_file_lacks(bench: Bench) -> None:
    short = write_csv(bench.folder / "short.csv", [{"text": "a thing", "labels": "x"}])
    bench.recipe["data"] = {"train": str(bench.data), "test": str(short)}
    bench.refused("short.csv", "'label'", "did you mean 'labels'?")


def test_an_empty_label_column(bench: Bench) -> None:
    bench.rows = [{**row, "label": ""} for row in bench.rows]
    bench.refused("'label'", "no label", "what to do")


def test_one_class_only(bench: Bench) -> None:
    bench.rows = [{**row, "label": "payment"} for row in bench.rows]
    bench.refused("'label'", "one label only", "'payment'", "two or more", "what to do", "allow: [one_class]")
    bench.recipe["target"] = {"kind": "label", "column": "label", "labels": ["payment", "review"]}
    bench.refused("one_class", "allow: [one_class]")
    assert bench.train("allow=[one_class]").code == 0


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_rows_than_splits(bench: Bench, count: int) -> None:
    bench.rows = bench.rows[:count]
    bench.refused("data.csv", f"{count} row", "3 splits", "what to do")


def test_too_few_rows_of_any_class_for_a_test_split(bench: Bench) -> None:
    bench.rows = bench.rows[:3]
    bench.refused("data.csv", "3 rows", "what to do")


def test_test_rows_in_train_are_named_with_their_override_and_the_override_works(bench: Bench) -> None:
    both = write_csv(bench.folder / "test.csv", bench.rows[:12])
    bench.recipe["data"] = {"train": str(bench.data), "test": str(both)}
    said = bench.refused(
        "test_rows_in_train",
        "9 of 48 train examples",
        "allow: [test_rows_in_train]",
        "test.csv, row 1",
        "data.csv, row 1",
    )
    assert "meaningless" in said.err
    done = bench.train("allow=[test_rows_in_train]")
    assert done.code == 0, done.err
    audit = json.loads((bench.out / "audit.json").read_text(encoding="utf-8"))
    assert "test_rows_in_train" in [f["code"] for f in audit["findings"]]
    assert "test_rows_in_train" in (bench.out / "report.md").read_text(encoding="utf-8")


def test_a_few_test_rows_in_train_are_left_out_of_training_and_said(bench: Bench) -> None:
    """Official splits share some rows: the run goes on without them, and says so in four places."""
    both = write_csv(bench.folder / "test.csv", [*bench.rows[:2], *bench.rows[50:]])
    checked = write_csv(bench.folder / "dev.csv", [bench.rows[2], *bench.rows[40:50]])
    bench.rows = bench.rows[:40]
    bench.recipe["data"] = {"train": str(bench.data), "validation": str(checked), "test": str(both)}
    bench.recipe["trackers"] = ["console"]
    said = bench.train()
    assert said.code == 0, said.err
    first = "2 of 40 train examples are also in test (2 of 12 test examples); they are left out of training"
    assert first in " ".join((said.out + said.err).split())
    audit = json.loads((bench.out / "audit.json").read_text(encoding="utf-8"))
    assert [f["code"] for f in audit["findings"]][:2] == ["test_rows_in_train", "validation_rows_in_train"]
    assert audit["figures"]["left_out"][0]["rows"] == {str(bench.data): [1, 2]}
    assert audit["figures"]["rows"] == {"train": 37, "validation": 11, "test": 12}
    data = json.loads((bench.out / "environment.json").read_text(encoding="utf-8"))["data"]
    assert (data["train"]["rows"], data["train"]["left_out"], data["test"]["left_out"]) == (37, 3, 0)
    report = (bench.out / "report.md").read_text(encoding="utf-8")
    assert "2 of 40 train examples are also in test" in report
    assert "data.csv, row 1" in report
    assert "train 37, validation 11, test 12" in report
    settings = json.loads((bench.out / "bundle" / "bundle.json").read_text(encoding="utf-8"))
    assert settings["data"]["train"]["left_out"] == 3


def test_labels_that_training_does_not_know_are_counted_as_wrong_and_reported(bench: Bench) -> None:
    """The run goes on; the two rows are in the table, can never be right, and the audit and the report name them."""
    strange = [{"id": "x1", "text": "please sing a song", "label": "music"}]
    strange += [{"id": "x2", "text": "play the other record", "label": "music"}]
    given = write_csv(bench.folder / "test.csv", [*bench.rows[:10], *strange])
    bench.rows = bench.rows[10:]
    bench.recipe["data"] = {"train": str(bench.data), "test": str(given)}
    said = bench.train()
    assert said.code == 0, said.err
    from burnish.core.predictions import Predictions

    predictions = Predictions.load(bench.out / "predictions.parquet")
    assert predictions.truth[-2:] == ["music", "music"]
    assert "music" not in predictions.names
    right = sum(a == t for a, t in zip(predictions.answer, predictions.truth, strict=True))
    scores = json.loads((bench.out / "scores.json").read_text(encoding="utf-8"))
    assert scores["metrics"]["accuracy"]["value"] == pytest.approx(right / 12)
    audit = json.loads((bench.out / "audit.json").read_text(encoding="utf-8"))
    found = [f for f in audit["findings"] if "music" in json.dumps(f)]
    assert found
    assert "test.csv, row 11" in json.dumps(found)
    assert "music" in (bench.out / "report.md").read_text(encoding="utf-8")


def test_one_text_in_all_rows(bench: Bench) -> None:
    bench.rows = [{**row, "text": "the same"} for row in bench.rows]
    bench.refused("data.csv", "the validation split is empty", "all have the same 'text'", "what to do")


def test_nothing_to_read_in_any_row(bench: Bench) -> None:
    bench.rows = [{**row, "text": ""} for row in bench.rows]
    bench.refused("no_texts", "'text'", "data.csv, row 1", "allow: [no_texts]")


@pytest.mark.parametrize(
    ("column", "wrapped", "words"),
    [
        ("label", lambda cell: [cell], ("['payment']", "no label", "kind: labels")),
        ("label", lambda cell: {"name": cell}, ("{'name': 'payment'}", "no label")),
        ("text", lambda cell: {"body": cell}, ("cells.jsonl, row 1", "{'body': 'my late card", "no text")),
        ("text", str.split, ("cells.jsonl, row 1", "['my', 'late', 'card'", "no text")),
    ],
)
def test_the_writing_of_a_list_or_an_object_is_neither_text_nor_label(
    bench: Bench, column: str, wrapped: Callable[[str], Any], words: tuple[str, ...]
) -> None:
    made = [{**row, column: wrapped(row[column])} for row in bench.rows]
    (bench.folder / "cells.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    bench.recipe["data"] = str(bench.folder / "cells.jsonl")
    bench.refused(*words)


# The recipe


def test_a_table_in_the_place_of_the_recipe_is_the_data(bench: Bench) -> None:
    """No YAML of a CSV file: it is trained on, here with a tiny model instead of the starter."""
    file = write_csv(bench.folder / "reviews.csv", bench.rows)
    quick = (f"{name}={json.dumps(value)}" for name, value in {**tiny_runs.QUICK, "epochs": 1}.items())
    said = bench.command("train", file, f"model={bench.model}", *quick, "--out", bench.out)
    assert said.code == 0, said.err
    assert "YAML" not in said.err
    assert load_file(bench.out / "recipe.yaml")["data"]["train"] == str(file)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("loss", "focl", ("loss", "'focl'", "cross_entropy", "did you mean 'focal'?")),
        ("loss", {"kind": "focal", "gama": 2}, ("loss.gama", "unknown field", "gamma", "write 'gamma'")),
        ("optimizer", {"kind": "adamW"}, ("optimizer", "'adamW'", "did you mean 'adamw'?")),
        ("learning_rat", 1e-3, ("learning_rat", "unknown field", "write 'learning_rate'")),
        ("learning_rate", "fast", ("learning_rate", "'fast'", "number")),
        ("learning_rate", -1, ("learning_rate", "-1", "greater than 0")),
        ("learning_rate", float("inf"), ("learning_rate", "finite")),
        ("epochs", float("inf"), ("epochs", "finite")),
        ("optimizer", {"kind": "adamw", "weight_decay": float("inf")}, ("optimizer.weight_decay", "finite")),
        ("data", {"train": None}, ("data.train", "None", "a file")),
        ("allow", ["tset_rows_in_train"], ("allow", "'tset_rows_in_train'", "did you mean 'test_rows_in_train'?")),
        ("target", {"kind": "tags", "column": "label"}, ("'tags' does not go with input 'text'", "tokens")),
        ("input", {"kind": "tokens", "column": "text"}, ("'label' does not go with input 'tokens'", "text")),
        (
            "input",
            {"kind": "speech", "column": "text"},
            ("'label' does not go with input 'speech'", "ctc_transcript or transcript"),
        ),
        ("metrics", ["f1", "acuracy"], ("metrics[1]", "'acuracy'", "did you mean 'accuracy'?")),
        ("deciding_metric", "acc", ("deciding_metric", "'acc'", "accuracy")),
        ("task", "text-clasification", ("task", "did you mean 'text-classification'?")),
        ("task", "token-classification", ("task 'token-classification'", "input", "leave out `task`")),
        ("target", {"kind": "lable", "column": "label"}, ("target", "'lable'", "did you mean 'label'?")),
        ("loss", "squared_error", ("loss", "'squared_error'", "'label'", "cross_entropy")),
        ("adapter", "my.package:Adapter", ("adapter", "trust_code")),
        ("device", "gpu", ("device", "'gpu'", "cuda")),
        ("split", {"kind": "stratified", "test": 0.7, "validation": 0.5}, ("split", "0.7", "0.5", "less than 1")),
        ("split", {"kind": "grouped", "group": "costumer"}, ("'costumer'", "one of id, text, label")),
        ("early_stopping", {"patence": 2}, ("early_stopping.patence", "unknown field", "patience")),
    ],
)
def test_a_wrong_kind_field_or_value(bench: Bench, field: str, value: Any, words: tuple[str, ...]) -> None:
    bench.recipe[field] = value
    bench.refused(*words)


def test_yaml_that_is_not_yaml_names_the_line(bench: Bench) -> None:
    recipe = bench.folder / "bad.yaml"
    recipe.write_text("data: data.csv\nloss: {kind: focal\nepochs: 3\n", encoding="utf-8")
    said = bench.command("train", recipe, "--out", bench.out)
    assert said.code == 2
    assert "bad.yaml, line 3" in said.err
    assert not bench.out.exists()


def test_a_recipe_that_is_not_there(bench: Bench) -> None:
    said = bench.command("train", bench.folder / "absent.yaml", "--out", bench.out)
    assert (said.code, "no such recipe" in said.err, "burnish new" in said.err) == (2, True, True)


@pytest.mark.parametrize("override", ["loss.gama=2", "epochs=many", "learnin_rate=1", "loss.kind=fokal"])
def test_a_wrong_override(bench: Bench, override: str) -> None:
    bench.recipe["loss"] = "focal"
    bench.refused(override.partition("=")[0].split(".")[0], more=(override,))


def test_a_misspelt_class_in_a_metric_offers_the_nearest(bench: Bench) -> None:
    """It would be undefined at every validation, and nothing would be the best."""
    bench.recipe["metrics"] = [{"kind": "f1", "average": "binary", "positive": "Reviw"}]
    bench.recipe["deciding_metric"] = "f1_Reviw"
    bench.refused("metrics.0.positive", "'Reviw'", "did you mean 'review'?")
