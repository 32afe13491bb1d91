"""Bad input: exit code 2, a message that says what was found and what to do, and nothing written."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.integration import tiny_runs
from tests.integration.conftest import Said

Change = Callable[[Path], object]


class Bench:
    """A recipe, its data and its checkpoint, all of which a test may spoil, and the command that runs them."""

    def __init__(self, folder: Path, bert: Path, command: Callable[..., Said]) -> None:
        self.folder, self._command = folder, command
        self.out = folder / "out" / "run"
        self.out.parent.mkdir()
        self.model = Path(shutil.copytree(bert, folder / "model"))
        self.data = folder / "data.csv"
        self.rows: list[dict[str, Any]] = tiny_runs.rows("label")
        self.recipe = tiny_runs.settings("label", self.model, str(self.data), epochs=1)

    def train(self, *more: object, out: Path | None = None) -> Said:
        """`burnish train recipe.yaml --out OUT ...` over the rows and the recipe as they are now."""
        if self.rows and not self.data.exists():
            write_csv(self.data, self.rows)
        path = self.folder / "recipe.yaml"
        path.write_text(json.dumps(self.recipe), encoding="utf-8")
        return self._command("train", path, "--out", out or self.out, *more)

    def refused(self, *words: str, more: tuple[object, ...] = (), out: Path | None = None) -> Said:
        """Exit code 2, every word in the message, no traceback, and nothing where the run would have been."""
        said = self.train(*more, out=out)
        assert said.code == 2, said
        missing = [word for word in words if word not in said.err]
        assert not missing, f"{missing} not in:\n{said.err}"
        assert "Traceback" not in said.err
        assert list(self.out.parent.iterdir()) == []
        return said


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def bench(tmp_path: Path, bert: Path, burnish_command: Callable[..., Said]) -> Bench:
    return Bench(tmp_path, bert, burnish_command)


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
    bench.refused("'label'", "one label only", "'payment'", "two or more", "what to do")


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_rows_than_splits(bench: Bench, count: int) -> None:
    bench.rows = bench.rows[:count]
    bench.refused("data.csv", f"{count} row", "3 splits", "what to do")


def test_too_few_rows_of_any_class_for_a_test_split(bench: Bench) -> None:
    bench.rows = bench.rows[:3]
    bench.refused("data.csv", "3 rows", "what to do")


def test_test_rows_in_train_are_named_with_their_override_and_the_override_works(bench: Bench) -> None:
    both = write_csv(bench.folder / "test.csv", bench.rows[:6])
    bench.recipe["data"] = {"train": str(bench.data), "test": str(both)}
    said = bench.refused("test_rows_in_train", "6", "allow: [test_rows_in_train]", "test.csv, row 1", "data.csv, row 1")
    assert "meaningless" in said.err
    done = bench.train("allow=[test_rows_in_train]")
    assert done.code == 0, done.err
    audit = json.loads((bench.out / "audit.json").read_text(encoding="utf-8"))
    assert "test_rows_in_train" in [f["code"] for f in audit["findings"]]
    assert "test_rows_in_train" in (bench.out / "report.md").read_text(encoding="utf-8")


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


# The recipe


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("loss", "focl", ("loss", "'focl'", "cross_entropy", "did you mean 'focal'?")),
        ("loss", {"kind": "focal", "gama": 2}, ("loss.gama", "unknown field", "gamma", "write 'gamma'")),
        ("optimizer", {"kind": "adamW"}, ("optimizer", "'adamW'", "did you mean 'adamw'?")),
        ("learning_rat", 1e-3, ("learning_rat", "unknown field", "write 'learning_rate'")),
        ("learning_rate", "fast", ("learning_rate", "'fast'", "number")),
        ("learning_rate", -1, ("learning_rate", "-1", "greater than 0")),
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
    said = bench._command("train", recipe, "--out", bench.out)
    assert said.code == 2
    assert "bad.yaml, line 3" in said.err
    assert not bench.out.exists()


def test_a_recipe_that_is_not_there(bench: Bench) -> None:
    said = bench._command("train", bench.folder / "absent.yaml", "--out", bench.out)
    assert (said.code, "no such recipe" in said.err, "burnish new" in said.err) == (2, True, True)


@pytest.mark.parametrize("override", ["loss.gama=2", "epochs=many", "learnin_rate=1", "loss.kind=fokal"])
def test_a_wrong_override(bench: Bench, override: str) -> None:
    bench.recipe["loss"] = "focal"
    bench.refused(override.partition("=")[0].split(".")[0], more=(override,))


# The checkpoint


def change_tensors(model: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(model / "model.safetensors")
    edit(tensors)
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})


def configure(model: Path, **values: Any) -> None:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps({**config, **values}), encoding="utf-8")


def cut(model: Path) -> None:
    content = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(content[: len(content) // 2])


QUERY = "encoder.layer.1.attention.self.query.weight"
SPOILED: dict[str, tuple[Change, tuple[str, ...]]] = {
    "no weights": (lambda m: (m / "model.safetensors").unlink(), ("there are no weights", "model.safetensors")),
    "corrupt": (cut, ("model.safetensors is corrupt", "copy or download it again")),
    "missing tensor": (lambda m: change_tensors(m, lambda t: t.pop(QUERY)), ("missing in the weights", QUERY)),
    "misshapen": (
        lambda m: change_tensors(m, lambda t: t.update({QUERY: torch.zeros(16, 32)})),
        (QUERY, "[16, 32] in the file, [32, 32] in the network", "config.json"),
    ),
    "other architecture": (lambda m: configure(m, model_type="distilbert"), ("missing in the weights", "distilbert.")),
    "no configuration": (lambda m: (m / "config.json").unlink(), ("no config.json",)),
    "no tokenizer": (
        lambda m: [p.unlink() for p in m.iterdir() if p.name.startswith(("tokenizer", "vocab", "special"))],
        ("tokenizer has no vocabulary", "tokenizer.json", "copy the tokenizer files"),
    ),
    "no folder": (lambda m: m.rename(m.with_name("modell")), ("there is no folder", "did you mean", "modell")),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_checkpoint_that_is_not_whole(bench: Bench, fault: str) -> None:
    spoil, words = SPOILED[fault]
    spoil(bench.model)
    said = bench.refused(*words)
    assert str(bench.model) in said.err


def test_a_hub_name_without_a_hub(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bench.recipe["model"] = "someone/some-model-nobody-has"
    bench.refused("'someone/some-model-nobody-has'", "not in the local cache", "HF_HUB_OFFLINE", "local folder")


def test_a_hub_data_set_without_a_hub(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    bench.recipe["data"] = "someone/some-data-nobody-has"
    bench.refused("someone/some-data-nobody-has", "what to do")


# The output folder


def test_an_output_folder_below_a_file(bench: Bench) -> None:
    """Not even root can write there."""
    file = bench.folder / "a_file"
    file.write_text("x", encoding="utf-8")
    said = bench.refused("cannot be written", "choose another --out", out=file / "runs" / "one")
    assert "a_file" in said.err
    assert file.read_text(encoding="utf-8") == "x"


def test_an_output_folder_that_is_a_file(bench: Bench) -> None:
    file = bench.folder / "a_file"
    file.write_text("x", encoding="utf-8")
    bench.refused("a_file", "--out", out=file)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc here")
def test_an_output_folder_the_system_does_not_let_anyone_write(bench: Bench) -> None:
    bench.refused("/proc/runs/one", "cannot be written", "choose another --out", out=Path("/proc/runs/one"))


def test_a_folder_that_is_not_empty_is_never_overwritten(bench: Bench) -> None:
    bench.out.mkdir()
    (bench.out / "thesis.txt").write_text("precious", encoding="utf-8")
    said = bench.train()
    assert said.code == 2
    assert "never overwrites" in said.err
    assert "--resume" in said.err
    assert [p.name for p in bench.out.iterdir()] == ["thesis.txt"]


def test_resuming_where_there_is_no_run(bench: Bench) -> None:
    bench.refused("no run to resume", more=("--resume",))


# A full disk


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_up_during_a_later_checkpoint(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1; the message says which checkpoint is safe and how to go on; and going on works."""
    from burnish.training import checkpoint

    bench.recipe |= {"epochs": 3}
    saved, real = [], checkpoint.save_file

    def fills_up(tensors: Any, path: Path) -> None:
        saved.append(path)
        if len(saved) > 3:  # two files a checkpoint: the second one finds no room for its optimizer
            full()
        real(tensors, path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", fills_up)
        said = bench.train()
    assert said.code == 1, said
    safe = sorted(p.name for p in (bench.out / "checkpoints").iterdir())
    assert len(safe) == 1
    assert "the disk is full" in said.err
    assert safe[0] in said.err
    assert f"--resume --out {bench.out}" in said.err
    assert "Traceback" not in said.err
    done = bench._command("train", "--resume", "--out", bench.out)
    assert done.code == 0, done.err
    assert (bench.out / "scores.json").is_file()
    assert list(bench.out.rglob(".writing-*")) == []
