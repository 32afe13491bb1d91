"""Language models while they learn: packed, checkpointed, with noise, in parts and in bfloat16 they learn the same."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from burnish.core.batch import Batch
from burnish.core.errors import InputError
from burnish.evaluation import predict as predicting
from burnish.models.transformers import Transformers
from burnish.models.transformers.noise import tokens_of_rows
from burnish.stages.taught import taught_losses
from burnish.stages.train.assemble import Assembled
from burnish.stages.train.trying import MOST
from burnish.training.loop import Step, fit
from burnish.training.objectives.chunked import Chunked
from tests.chat_runs import chat_run
from tests.network_cases import INPUT, LABEL, checkpoint, network
from tests.network_cases import batch as three_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chats")


def steps(run: Assembled, count: int = 3, start: int = 0) -> list[Step]:
    return list(islice(fit(run.training, start=start), count))


def figures(done: list[Step]) -> list[float]:
    return [value for step in done for value in (step.loss.total, step.loss.weight, step.gradient_norm)]


def test_packed_training_is_plain_training(folder: Path) -> None:
    """The same rows in each step, so losses and gradients are the same, and padding is less."""
    plain, packed = chat_run(folder, sampler="shuffled"), chat_run(folder, sampler={"kind": "packed", "line": 300})
    assert any("none sees another" in note for note in packed.notes)
    assert any("examples a line" in note for note in packed.notes)
    for step in range(3):
        batches = packed.batches.micro(step, 8)
        assert {len(b.inputs["input_ids"]) < len(b.rows) for b in batches} == {True}
        rows = [np.sort(np.concatenate([b.rows for b in run.batches.micro(step, 8)])) for run in (plain, packed)]
        np.testing.assert_array_equal(*rows)
    assert figures(steps(packed)) == pytest.approx(figures(steps(plain)), rel=1e-4)


@pytest.mark.parametrize(
    ("more", "model"),
    [
        ({}, {"gradient_checkpointing": True}),
        ({"objective": "supervised"}, {}),
        ({"objective": {"kind": "chunked", "places": 3}}, {}),
        ({"micro_batch_size": 1}, {}),
        ({"sampler": "packed"}, {"gradient_checkpointing": True}),
    ],
    ids=str,
)
def test_what_saves_memory_changes_nothing(more: dict[str, Any], model: dict[str, Any], folder: Path) -> None:
    """With LoRA beside frozen embeddings, from the same seed."""
    sampler = {"sampler": "shuffled"}
    ours = steps(chat_run(folder, **{**sampler, **more}, model=model))
    assert figures(ours) == pytest.approx(figures(steps(chat_run(folder, **sampler))), rel=1e-4)


def test_bfloat16_learns_about_the_same(folder: Path) -> None:
    run = chat_run(folder, precision="bfloat16")
    assert run.batches.most == MOST["bfloat16"]
    losses = [step.loss.mean for step in steps(run)]
    assert losses == pytest.approx([step.loss.mean for step in steps(chat_run(folder))], rel=2e-2)


def test_attention_of_bfloat16_runs_is_in_float32_and_that_of_other_models_as_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = chat_run(folder, precision="bfloat16")
    seen: list[tuple[torch.dtype, bool]] = []
    whole = nn.functional.scaled_dot_product_attention

    def watched(query: torch.Tensor, *args: Any, **more: Any) -> torch.Tensor:
        seen.append((query.dtype, torch.is_autocast_enabled("cpu")))
        answer: torch.Tensor = whole(query, *args, **more)
        return answer

    monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", watched)
    steps(run, 1)
    assert set(seen) == {(torch.float32, False)}
    seen.clear()
    classifier = network("llama", LABEL).float()
    with torch.autocast("cpu", torch.bfloat16):
        classifier(**three_rows(classifier))
    assert {mixed for _, mixed in seen} == {True}


def test_micro_batches_hold_no_more_tokens_than_they_may(folder: Path) -> None:
    run = chat_run(folder)
    assert run.batches.most == MOST["float32"]
    tight = replace(run.batches, most=300)
    pieces = [batch for step in range(3) for batch in tight.micro(step, 8)]
    assert all(b.size <= 300 or len(b.rows) == 1 for b in pieces)
    assert sum(len(b.rows) for b in pieces) == 24
    assert max(len(b.rows) for b in pieces) > 1


def test_noise_is_off_unless_it_is_asked_for_and_then_drawn_from_seed_and_step(folder: Path) -> None:
    """A run that begins at a later step draws what the whole run drew there."""
    plain, noisy = chat_run(folder), chat_run(folder, model={"neftune_alpha": 5.0})
    embeddings: Any = plain.training.network.backbone()
    assert not embeddings.get_input_embeddings()._forward_hooks
    whole = figures(steps(noisy))
    assert whole != figures(steps(plain))
    assert figures(steps(chat_run(folder, model={"neftune_alpha": 5.0}))) == whole
    resumed = chat_run(folder, model={"neftune_alpha": 5.0})
    first = steps(resumed, 1)
    assert figures(first + steps(resumed, 2, start=1)) == whole


def test_noise_is_as_large_as_the_paper_says_and_never_in_validation(folder: Path) -> None:
    run = chat_run(folder, model={"neftune_alpha": 5.0})
    network: Any = run.training.network
    inputs = {"input_ids": torch.randint(3, 20, (2, 30)), "attention_mask": torch.ones(2, 30, dtype=torch.long)}
    inputs["attention_mask"][1, 10:] = 0
    embed, seen = network.model.get_input_embeddings(), []
    embed.register_forward_hook(lambda module, given, out: seen.append(out.detach()))
    for mode in (False, True):
        network.train(mode)
        network(**inputs)
    noise = (seen[1] - seen[0]).abs()
    width = seen[0].shape[-1]
    for row, tokens in enumerate((30, 10)):
        bound = 5 / (tokens * width) ** 0.5
        assert 0.9 * bound < float(noise[row, :tokens].max()) <= bound * 1.001


def test_tokens_of_rows_that_share_a_line_are_their_own() -> None:
    positions = torch.tensor([[0, 1, 2, 0, 1, 0, 0], [0, 1, 2, 3, 4, 5, 6]])
    assert tokens_of_rows({"input_ids": positions, "position_ids": positions}).tolist() == [
        [3, 3, 3, 2, 2, 1, 1],
        [7] * 7,
    ]


def test_noise_on_the_embeddings_of_a_classifier_is_refused() -> None:
    with pytest.raises(InputError, match="for language models"):
        Transformers(name=str(checkpoint("bert")), neftune_alpha=5.0).build(INPUT, LABEL, seed=0)


@pytest.mark.slow
def test_tied_embeddings_stay_tied_through_merge_and_a_fresh_process(folder: Path, tmp_path: Path) -> None:
    """Trained with LoRA, merged, saved, and read by plain transformers elsewhere: the same logits, one matrix."""
    run = chat_run(folder, "gpt2")
    network: Any = run.training.network
    assert network.model.lm_head.weight is network.model.get_input_embeddings().weight
    before = network.model.lm_head.weight.clone()
    steps(run)
    assert torch.equal(network.model.lm_head.weight, before), "frozen"
    network.save(tmp_path / "model")
    ids = torch.randint(3, 20, (1, 12))
    network.eval()
    with torch.inference_mode():
        torch.save(network(input_ids=ids), tmp_path / "logits.pt")
    torch.save(ids, tmp_path / "ids.pt")
    program = (
        "import sys, torch, transformers\n"
        "model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1] + '/model').eval()\n"
        "assert model.lm_head.weight is model.get_input_embeddings().weight\n"
        "there = model(input_ids=torch.load(sys.argv[1] + '/ids.pt')).logits\n"
        "torch.testing.assert_close(there, torch.load(sys.argv[1] + '/logits.pt'), rtol=1e-5, atol=1e-5)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1000:]


def test_checkpoints_hold_what_learns_alone(folder: Path) -> None:
    """Of LoRA the low-rank matrices: a fraction of the weights."""
    from burnish.training.checkpoint import changing

    run = chat_run(folder)
    kept = changing(run.training.network, run.training.optimizer)
    assert kept
    assert all("lora_" in name for name in kept)


def test_losses_of_held_out_rows_do_not_depend_on_how_many_are_computed_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = chat_run(folder)
    network, loader = run.training.network, run.loaders["validation"]
    network.eval()
    sizes: list[tuple[int, ...]] = []
    scored = taught_losses(network, run.loss, Chunked(), loader)
    assert scored is not None

    def watched(batch: Batch) -> Any:
        sizes[-1] = (*sizes[-1], batch.size)
        return scored(batch)

    totals = []
    for most in (predicting.AT_ONCE, 200):
        monkeypatch.setattr(predicting, "AT_ONCE", most)
        sizes.append(())
        with torch.inference_mode():
            _, total = predicting.predict(None, loader, loader.rows.part, loss=run.loss, taught=watched)
        totals.append(total)
    assert len(sizes[1]) > len(sizes[0])
    assert max(sizes[1]) <= 200
    assert totals[0].weight == totals[1].weight
    assert totals[0].total == pytest.approx(totals[1].total, rel=1e-6)


@pytest.mark.parametrize("micro_batch_size", [8, 2])
def test_a_step_minimises_what_transformers_does_over_the_same_tokens(folder: Path, micro_batch_size: int) -> None:
    """Divided by the tokens with a loss of the whole step, in one piece or accumulated."""
    run = chat_run(folder, sampler="shuffled")
    model: Any = run.training.network.backbone()
    batches = run.batches.micro(0, micro_batch_size)
    count = sum(float(batch.weights.sum()) for batch in batches)
    theirs = 0.0
    for batch in batches:
        ids = torch.from_numpy(batch.inputs["input_ids"])
        truth = torch.from_numpy(np.where(batch.weights > 0, batch.targets, -100))
        whole = torch.cat([ids, torch.zeros_like(ids[:, :1])], dim=1)
        labels = torch.cat([torch.full_like(truth[:, :1], -100), truth], dim=1)
        mask = torch.nn.functional.pad(torch.from_numpy(batch.inputs["attention_mask"]), (0, 1))
        with torch.inference_mode():
            theirs += float(
                model(
                    input_ids=whole, attention_mask=mask, labels=labels, num_items_in_batch=count, use_cache=False
                ).loss
            )
    run.training.micro_batch_size = micro_batch_size
    assert steps(run, 1)[0].loss.mean == pytest.approx(theirs, rel=1e-5)
