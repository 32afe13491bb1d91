"""Continued pretraining: exact against transformers and itself, scored by document against the checkpoint, fine-tuned from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import burnish
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.stages.evaluate import evaluate
from burnish.stages.train.assemble import Assembled
from burnish.training.loop import fit
from tests.checkpoints import tiny_checkpoint
from tests.document_cases import TASKS, assembled, checkpoint, documents, settings
from tests.integration import tiny_runs
from tests.slow_cases import slow_but

CASES = tuple(TASKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("language")


@pytest.fixture(scope="module")
def run(folder: Path) -> Callable[[str], Path]:
    """A run over documents by architecture; trained when it is first asked for."""
    data = tiny_runs.write_jsonl(folder / "texts.jsonl", documents())

    def made(architecture: str) -> Path:
        out = folder / f"run-{architecture}"
        if not out.exists():
            recipe = settings(architecture, checkpoint(folder, architecture), str(data), baselines=True)
            burnish.train(recipe, out=out)
        return out

    return made


def weights(made: Assembled) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in made.training.network.state_dict().items()}


def steps(made: Assembled, start: int, stop: int) -> None:
    for step in fit(made.training, start=start):
        if step.number == stop:
            break


@pytest.mark.parametrize("objective", ["supervised", "chunked"])
@pytest.mark.parametrize("architecture", CASES)
def test_the_loss_is_that_of_transformers(architecture: str, objective: str, folder: Path) -> None:
    """On the same batch, with labels as its own collators give them, in float64."""
    made = assembled(architecture, folder, objective=objective)
    batch = made.batches.micro(0, 8)[0]
    inputs = {name: torch.from_numpy(value) for name, value in batch.inputs.items()}
    accelerator, objective_ = made.training.accelerator, made.training.objective.eval()
    total, weight = objective_(accelerator.tensors(batch.inputs), accelerator.truth(batch))
    if TASKS[architecture] == "language-modeling":
        labels = torch.where(inputs["attention_mask"] > 0, inputs["input_ids"], -100)
        # What a window begins with is told by nobody, here as there.
    else:
        labels = torch.where(torch.from_numpy(batch.weights) > 0, torch.from_numpy(batch.targets), -100)
    with torch.no_grad():
        loss = made.training.network.model.eval()(**inputs, labels=labels).loss
    exact = 1e-6 if TASKS[architecture] == "language-modeling" else 1e-10  # there it computes in float32
    assert float(total.detach() / weight) == pytest.approx(float(loss), rel=exact)


@pytest.mark.parametrize("architecture", slow_but(CASES, "llama"))
def test_micro_batches_are_one_big_batch(architecture: str, folder: Path) -> None:
    """Masks are drawn for rows and not for batches, so that it does not matter how these are cut."""
    states = []
    for size in (16, 5, 1):
        made = assembled(architecture, folder, batch_size=16, micro_batch_size=size, max_steps=4)
        steps(made, 0, 4)
        states.append(weights(made))
    for other in states[1:]:
        assert max(float((states[0][name] - value).abs().max()) for name, value in other.items()) < 1e-10


@pytest.mark.parametrize("architecture", ["llama", "bert"])
def test_a_resumed_run_is_one_that_was_never_stopped(architecture: str, folder: Path) -> None:
    """Bit for bit, masks of the second epoch included."""
    through, first, second = (assembled(architecture, folder, batch_size=16, max_steps=8) for _ in range(3))
    steps(through, 0, 8)
    steps(first, 0, 5)
    second.training.network.load_state_dict(first.training.network.state_dict())
    second.training.optimizer.load_state_dict(first.training.optimizer.state_dict())
    steps(second, 5, 8)
    assert through.batches.steps_per_epoch < 5
    expected = weights(through)
    assert all(torch.equal(expected[name], value) for name, value in weights(second).items())


def test_masks_change_with_the_epoch_and_stay_in_validation(folder: Path) -> None:
    made = assembled("bert", folder)
    positions = np.arange(4)
    train, validation = made.batches.loader, made.loaders["validation"]
    first, again, other = (train.batch(positions, epoch=epoch) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs["input_ids"], again.inputs["input_ids"])
    assert (first.weights != other.weights).any()
    np.testing.assert_array_equal(validation.batch(positions).weights, validation.batch(positions, epoch=3).weights)
    np.testing.assert_array_equal(first.targets, other.targets)


def test_rows_that_share_a_line_are_told_as_alone(folder: Path) -> None:
    from burnish.data.feeding.packing import packed_batch

    made = assembled("llama", folder)
    loader, accelerator = made.batches.loader, made.training.accelerator
    lines = [np.arange(0, 3), np.arange(3, 5)]
    packed, alone = packed_batch(loader, lines), loader.batch(np.arange(5))
    objective = made.training.objective.eval()
    sums = [objective(accelerator.tensors(b.inputs), accelerator.truth(b), by_row=True) for b in (packed, alone)]
    torch.testing.assert_close(sums[0][0], sums[1][0], rtol=1e-8, atol=1e-8)
    assert torch.equal(sums[0][1], sums[1][1])


def test_rows_with_gaps_cannot_share_a_line(folder: Path) -> None:
    from burnish.data.feeding.packing import require_packable

    made = assembled("bert", folder)
    with pytest.raises(InputError, match="reads both sides of a gap"):
        require_packable(made.batches.loader.input, made.batches.loader.target, made.loss)


@pytest.mark.parametrize("architecture", ["llama", "bert"])
def test_a_run_is_scored_by_document_against_the_checkpoint(architecture: str, run: Callable[[str], Path]) -> None:
    """Before and after on the same rows, with a paired interval; every byte of the held-out documents is counted once."""
    scores = json.loads((run(architecture) / "scores.json").read_text())
    rows = {row["text"]: None for row in documents()}
    predictions = Predictions.load(run(architecture) / "predictions.parquet")
    assert scores["split"] == "test"
    assert len(set(predictions.groups or [])) == 8
    assert len(predictions) > 8
    metric = "bits_per_byte" if architecture == "llama" else "perplexity"
    base = scores["baselines"]["base"]
    assert base["differences"][metric]["better"] is True
    assert base["metrics"][metric]["value"] > scores["metrics"][metric]["value"]
    numbers = sorted({int(group) - 1 for group in predictions.groups or []})
    texts = [list(rows)[number] for number in numbers]
    assert sum(predictions.truth) == sum(len(text.encode()) for text in texts)
    if architecture == "llama":
        nats, size = predictions.numbers("nats").sum(), predictions.numbers("bytes").sum()
        assert scores["metrics"][metric]["value"] == pytest.approx(nats / np.log(2) / size)
    report = (run(architecture) / "report.md").read_text()
    assert "Better than the checkpoint as it was" in report


@pytest.mark.parametrize("architecture", ["llama", "bert"])
def test_other_documents_are_scored_as_the_test_was(
    architecture: str, run: Callable[[str], Path], tmp_path: Path
) -> None:
    """The held-out documents again, through the bundle: the same scores. What was trained on is said."""
    out = run(architecture)
    scores = json.loads((out / "scores.json").read_text())
    groups = Predictions.load(out / "predictions.parquet").groups or []
    held = [documents()[number] for number in sorted({int(group) - 1 for group in groups})]
    data = tiny_runs.write_jsonl(tmp_path / "held.jsonl", held)
    again = evaluate(out, data=str(data), out=tmp_path / "scored")
    assert again["rows_in_train"] == 0
    for name, value in scores["metrics"].items():
        assert again["metrics"][name]["value"] == pytest.approx(value["value"], rel=1e-5)
    seen = evaluate(out, data=str(tiny_runs.write_jsonl(tmp_path / "all.jsonl", documents())), out=tmp_path / "all")
    assert any("were trained on" in warning for warning in seen["warnings"])


def test_a_bundle_says_what_a_text_costs(run: Callable[[str], Path]) -> None:
    predictor = burnish.load(run("llama"))
    likely, strange = predictor([{"text": "the quick brown fox"}, {"text": "zxqj vkwz qqq"}])
    assert 0 < likely.answer < strange.answer


def labelled(path: Path, rows: list[dict[str, str]]) -> Path:
    return tiny_runs.write_jsonl(
        path, [{"body": row["text"], "label": "card" if "card" in row["text"] else "other"} for row in rows]
    )


@pytest.mark.parametrize("architecture", ["llama", "bert"])
def test_a_classifier_starts_from_the_run(architecture: str, run: Callable[[str], Path], tmp_path: Path) -> None:
    """Its body is the one that was trained further, its head is fresh; documents that were learned are no test."""
    new = labelled(tmp_path / "new.jsonl", documents(60, seed=5))
    recipe: dict[str, Any] = {
        "data": str(new),
        "model": str(run(architecture)),
        "input": {"kind": "text", "columns": ["body"]},
        "target": {"kind": "label", "column": "label"},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
        **tiny_runs.QUICK,
        "max_steps": 1,
    }
    made = burnish.train(recipe, out=tmp_path / "classifier")
    notes = [json.loads(line) for line in (made.path / "events.jsonl").read_text().splitlines()]
    assert any("not used here" in str(note.get("text")) for note in notes)

    from safetensors.torch import load_file

    further = load_file(run(architecture) / "bundle" / "model" / "model.safetensors")
    after = load_file(made.path / "bundle" / "model" / "model.safetensors")
    name = next(name for name in after if (name in further and "layers.0" in name) or "layer.0" in name)
    assert float((after[name] - further[name]).abs().max()) < 0.01

    old = labelled(tmp_path / "old.jsonl", documents())
    with pytest.raises(InputError, match="test rows were trained on by the model this run starts from"):
        burnish.train({**recipe, "data": str(old), "seed": 3}, out=tmp_path / "refused")


def test_an_encoder_saved_without_its_head_gets_a_fresh_one(run: Callable[[str], Path], folder: Path) -> None:
    """As sentence encoders are; said in the log and beside the baseline. A model that writes is refused."""
    events = [json.loads(line) for line in (run("bert") / "events.jsonl").read_text().splitlines()]
    assert any("has no head over its vocabulary: a fresh one learns" in str(e.get("text")) for e in events)
    base = json.loads((run("bert") / "scores.json").read_text())["baselines"]["base"]
    assert "its head over the vocabulary is random" in base["note"]
    from transformers import AutoModel

    headless = shutil.copytree(checkpoint(folder, "llama"), folder / "headless")
    AutoModel.from_pretrained(headless).save_pretrained(headless)
    recipe = settings("llama", headless, documents())
    with pytest.raises(InputError, match="has no head over its vocabulary"):
        burnish.train(recipe, out=folder / "never")


def test_what_cannot_be_learned_is_said(folder: Path, tmp_path: Path) -> None:
    llama, bert = checkpoint(folder, "llama"), checkpoint(folder, "bert")
    empty = [{"text": " "} for _ in range(10)]
    numbers = [{"count": number} for number in range(10)]
    named = {**settings("llama", llama, documents()), "input": {"column": "text"}}
    for name, recipe, words in (
        ("empty", settings("llama", llama, empty), "holds no text"),
        ("numbers", settings("llama", llama, numbers), "no column fits"),
        ("few", settings("llama", llama, documents(2)), "2 rows for 3 splits"),
        ("causal", settings("llama", bert, documents()), "reads what stands before and behind: it cannot write on"),
        ("masked", {**settings("llama", llama, documents()), "task": "masked-language-modeling"}, "no "),
        ("other", {**named, "target": {"column": "id"}}, "learns what the input reads, which is column 'text'"),
    ):
        with pytest.raises(InputError, match=words):
            burnish.train(recipe, out=tmp_path / name)
        assert not (tmp_path / name).exists()


def test_texts_alone_on_the_command_line(
    folder: Path, tmp_path: Path, burnish_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No column of labels, no recipe: a file, a task, a model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text("\n\n".join(row["text"] for row in documents()))
    model = tiny_checkpoint(tmp_path / "model", "gpt2")
    quick = [f"{name}={json.dumps(value)}" for name, value in tiny_runs.QUICK.items() if name != "trackers"]
    said = burnish_command(
        "train", "book.txt", "--task", "language-modeling", "--model", model, "--out", "run", *quick, "max_steps=1"
    )
    assert said.code == 0, said.err
    assert "bits_per_byte" in said.out + said.err
    assert "a document a paragraph" in said.out + said.err
