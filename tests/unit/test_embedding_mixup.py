"""Texts mixed by their embeddings, from the recipe to the gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.core.errors import InputError
from burnish.core.mixed_inputs import OTHER, SHARE
from burnish.models.transformers.mixed_embeddings import let_mix
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training.accelerator import Accelerator
from burnish.training.loop import fit
from tests.integration.survival_data import recipe as recipe_file
from tests.training_cases import training


def assembled(folder: Path, **settings: Any) -> Assembled:
    values = load_file(recipe_file(folder, dropout=0.0, mixing="embedding_mixup", **settings))
    accelerator = Accelerator("cpu", "float32")
    prepared = prepare(
        Recipe.load({**values, "data": {**values["data"], "cache": str(folder / "cache")}}),
        lambda event: None,
        accelerator,
    )
    return assemble(prepared, accelerator, lambda text: None)


def test_a_batch_brings_both_rows_and_the_truths_of_both(tmp_path: Path) -> None:
    made = assembled(tmp_path)
    batch = made.batches.micro(0, 100)[0]
    rows = len(batch)
    assert {SHARE, "input_ids", OTHER + "input_ids"} <= batch.inputs.keys()
    assert batch.inputs["input_ids"].shape == batch.inputs[OTHER + "input_ids"].shape == (rows, batch.size // rows)
    assert len(batch.targets) == 2 * rows
    np.testing.assert_allclose(batch.weights[0::2], batch.inputs[SHARE], rtol=1e-6)
    np.testing.assert_allclose(batch.weights[0::2] + batch.weights[1::2], 1, rtol=1e-6)


@pytest.mark.parametrize("perturbation", [[], ["fgm"]])
def test_micro_batches_are_one_batch(perturbation: list[str], tmp_path: Path) -> None:
    ends = []
    for size in (100, 3):
        made = assembled(tmp_path, perturbation=perturbation, optimizer={"kind": "sgd"}, learning_rate=0.05)
        made.training.micro_batch_size = size
        for step in fit(made.training):
            if step.number == 3:
                break
        ends.append({n: p.detach().clone() for n, p in made.training.network.named_parameters()})
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, rtol=0, atol=2e-6)


def test_the_network_reads_the_mean_of_both_embeddings(tmp_path: Path) -> None:
    """By hand with `inputs_embeds`; where either has a token there is no padding; a share of 1 is the first row alone."""
    run = training(tmp_path, "label", double=True)
    network, fixed = run.network.eval(), run.batches
    inputs, _ = fixed.input.collate([fixed.encoded[i] for i in (0, 3, 2, 9)], fixed.processor.for_input)  # type: ignore[attr-defined]
    tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
    first, other = ({n: v[part] for n, v in tensors.items()} for part in (slice(0, 2), slice(2, 4)))
    let_mix(network, tensors)
    share = torch.tensor([0.3, 1.0])
    found = network(**first, **{OTHER + n: v for n, v in other.items()}, **{SHARE: share.double()})
    model: Any = network.backbone()
    words = model.get_input_embeddings()
    weight = share.double()[:, None, None]
    embedded = weight * words(first["input_ids"]) + (1 - weight) * words(other["input_ids"])
    mask = ((first["attention_mask"] + other["attention_mask"]) > 0).long()
    torch.testing.assert_close(found, model(inputs_embeds=embedded, attention_mask=mask).logits, rtol=0, atol=1e-12)
    torch.testing.assert_close(network(**first), model(**first).logits)


def test_networks_that_need_tokens_are_refused(tmp_path: Path) -> None:
    """GPT-2 looks for the last token of each row by its number, which embeddings do not tell."""
    from tests.checkpoints import tiny_checkpoint

    source = tiny_checkpoint(tmp_path / "gpt2", "gpt2")
    with pytest.raises(InputError, match="embedding_mixup"):
        assembled(tmp_path, model={"name": str(source)})
