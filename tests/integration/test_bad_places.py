"""Checkpoints that are not whole, and outputs that cannot be written: exit code 2, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.integration import tiny_runs
from tests.integration.spoiled import Bench, Said, write_csv

Change = Callable[[Path], object]

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


# The outputs of the other verbs


def test_evaluate_and_predict_say_at_once_where_they_cannot_write(
    trained: Callable[..., Path], burnish_command: Callable[..., Said], tmp_path: Path
) -> None:
    run, file = trained("label"), tmp_path / "a_file"
    file.write_text("x", encoding="utf-8")
    data = write_csv(tmp_path / "data.csv", tiny_runs.rows("label")[:9])
    refused = [("evaluate", run, "--data", data, "--out", file / "scores")]
    refused += [("predict", run, data, "--out", file / "answers.csv")]
    if Path("/proc/self").is_dir():
        refused += [("evaluate", run, "--data", data, "--out", "/proc/scores")]
        refused += [("predict", run, data, "--out", "/proc/answers.csv")]
    for words in refused:
        said = burnish_command(*words)
        assert said.code == 2, said
        assert "what to do" in said.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a_file", "data.csv"]


def test_a_run_inside_its_data_is_refused_before_anything_is_read(bench: Bench) -> None:
    """It could never be resumed: its own files would be read as data."""
    folder = bench.folder / "tables"
    folder.mkdir()
    write_csv(folder / "a.csv", tiny_runs.rows("label"))
    bench.recipe["data"] = str(folder)
    bench.rows = []
    said = bench.train(out=folder / "run")
    assert said.code == 2
    assert "the output would lie inside the data" in said.err
    assert "choose another --out" in said.err
    assert [p.name for p in folder.iterdir()] == ["a.csv"]


def test_outputs_of_other_verbs_inside_the_data_are_refused(
    trained: Callable[..., Path], burnish_command: Callable[..., Said], tmp_path: Path
) -> None:
    run, folder = trained("label"), tmp_path / "tables"
    folder.mkdir()
    write_csv(folder / "a.csv", tiny_runs.rows("label")[:9])
    for words in (
        ("predict", run, folder, "--out", folder / "answers.csv"),
        ("predict", run, folder / "*.csv", "--out", folder / "answers.csv"),
        ("evaluate", run, "--data", folder, "--out", folder / "scores"),
    ):
        said = burnish_command(*words)
        assert said.code == 2, said
        assert "the output would lie inside the data" in said.err
    assert [p.name for p in folder.iterdir()] == ["a.csv"]
