"""What every objective must do: minimise what `supervised` minimises, or say why it cannot; and chunks change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import transformers

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.core.terms import Outputs
from burnish.losses import Loss
from burnish.models.transformers.network import TransformersNetwork
from burnish.training.objective import ObjectiveModule
from burnish.training.objectives import Objective
from tests.loss_cases import truth_of
from tests.sequence_cases import Sequences, sequences, tensors
from tests.training_cases import Fixed, training

AXIS = "burnish.training.objectives"


def made(kind: str, **settings: Any) -> Objective:
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Objective)
    return found


def module(kind: str, case: Sequences, **settings: Any) -> ObjectiveModule:
    inputs, _ = tensors(case.loader.batch(case.encoded.rows[:2]))
    return made(kind, **settings).module(case.network, case.loss, lambda: inputs)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_documents_itself_and_is_written_and_read_back(kind: str) -> None:
    assert component_class(AXIS, kind).sentence()
    assert build(AXIS, made(kind).model_dump()) == made(kind)


@pytest.mark.parametrize("kind", kinds(AXIS))
@pytest.mark.parametrize("way", ["Reply", "Shown"])
def test_minimises_what_supervised_minimises(kind: str, way: str, tmp_path: Path) -> None:
    """Value, weight, rows and gradients in float64; of a head with a scale and a soft cap."""
    case = sequences(tmp_path, way)
    batch = case.loader.batch(case.encoded.rows)
    inputs, truth = tensors(batch)
    found = []
    for objective in (module("supervised", case), module(kind, case)):
        total, weight = objective(inputs, truth)
        gradients = torch.autograd.grad(total, list(case.network.parameters()), allow_unused=True)
        by_row = objective(inputs, truth, by_row=True)
        assert objective.weight(batch.truth) == float(weight)
        found.append((total, weight, *by_row, *[g for g in gradients if g is not None]))
    assert len(found[0]) == len(found[1])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("places", [1, 3, 1000])
def test_the_size_of_chunks_changes_nothing(places: int, tmp_path: Path) -> None:
    case = sequences(tmp_path, "Reply")
    inputs, truth = tensors(case.loader.batch(case.encoded.rows))
    whole, chunks = module("supervised", case), module("chunked", case, places=places)
    torch.testing.assert_close(chunks(inputs, truth)[0], whole(inputs, truth)[0], rtol=0, atol=1e-10)


def test_chunks_never_see_places_without_weight(tmp_path: Path) -> None:
    """A head that would fail on anything but the places that count; and none at all where nothing counts."""
    case = sequences(tmp_path, "Reply")
    inputs, truth = tensors(case.loader.batch(case.encoded.rows))
    objective, seen = module("chunked", case, places=4), []
    original = case.network.place_logits
    case.network.place_logits = lambda hidden: (seen.append(len(hidden)), original(hidden))[1]  # type: ignore[method-assign,func-returns-value]
    objective(inputs, truth)
    assert sum(seen) == int((truth.weights != 0).sum())
    assert max(seen) == 4
    nothing = type(truth)(truth.targets, torch.zeros_like(truth.weights), truth.owner, truth.lines)
    total, weight = objective(inputs, nothing)
    assert (total.item(), weight.item()) == (0.0, 0.0)
    total.backward()  # a micro-batch of nothing but repeats has a gradient of 0, and not none


def test_chunks_are_refused_in_words(tmp_path: Path) -> None:
    frames = sequences(tmp_path, "Frames")
    with pytest.raises(InputError, match="all outputs of an example"):
        module("chunked", frames)
    label = training(tmp_path, "label")
    fixed = cast(Fixed, label.batches)
    inputs = {name: torch.from_numpy(value) for name, value in fixed.batch([0, 1]).inputs.items()}
    with pytest.raises(InputError, match="one prediction an example") as caught:
        made("chunked").module(label.network, label.objective.loss, lambda: inputs)
    assert caught.value.fix == "objective: supervised"


def test_chunks_of_a_transformers_head(tmp_path: Path) -> None:
    """Token classification of BERT, the head run by the library's own code."""
    run = training(tmp_path, "tags", double=True)
    fixed, loss = cast(Fixed, run.batches), run.objective.loss
    inputs, truth = tensors(fixed.batch([0, 1, 2, 3]))
    run.network.eval()
    found = []
    for objective in (run.objective, made("chunked", places=5).module(run.network, loss, lambda: inputs)):
        total, _ = objective(inputs, truth)
        found.append((total, *torch.autograd.grad(total, [p for p in run.network.parameters() if p.requires_grad])))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


SMALL = {
    "vocab_size": 50, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
SCALED: dict[str, Callable[[], Any]] = {
    "soft cap": lambda: transformers.Gemma2ForCausalLM(
        transformers.Gemma2Config(**SMALL, final_logit_softcapping=0.5, query_pre_attn_scalar=8)
    ),
    "logit scale": lambda: transformers.CohereForCausalLM(
        transformers.CohereConfig(**{k: v for k, v in SMALL.items() if k != "head_dim"}, logit_scale=0.25)
    ),
    "scaling": lambda: transformers.GraniteForCausalLM(
        transformers.GraniteConfig(**{k: v for k, v in SMALL.items() if k != "head_dim"}, logits_scaling=3.0)
    ),
}


@pytest.mark.parametrize("name", list(SCALED))
def test_scale_and_soft_cap_of_a_librarys_head_are_kept(name: str) -> None:
    """Causal language models of three families: head over hidden states is the whole model, and so is its loss."""
    torch.manual_seed(0)
    network: Network = TransformersNetwork(SCALED[name]().double().eval(), element=True)
    ids = torch.randint(3, 50, (2, 7))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    whole = network(**inputs)
    torch.testing.assert_close(network.place_logits(network.place_states(**inputs)), whole, rtol=0, atol=1e-12)
    weights = (torch.rand(2, 7) < 0.5).float()
    loss = cast(Loss, build("burnish.losses", "cross_entropy"))
    total, _ = made("chunked", places=3).module(network, loss, lambda: inputs)(inputs, truth_of(ids, weights))
    expected = loss(Outputs(whole), truth_of(ids, weights)).total
    torch.testing.assert_close(total, expected, rtol=0, atol=1e-10)
    learning = list(network.parameters())
    found = [torch.autograd.grad(value, learning) for value in (total, expected)]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def small(**more: Any) -> Network:
    config = transformers.LlamaConfig(**SMALL, **more)
    return TransformersNetwork(transformers.LlamaForCausalLM(config).double(), element=True)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_head_gets_no_gradient_and_one_that_learns_its_own(tied: bool, frozen: bool) -> None:
    """Through `backward`, summed over two micro-batches; a head that is one matrix with the embeddings gets both parts."""
    torch.manual_seed(0)
    network = small(tie_word_embeddings=tied)
    head = cast(Any, network.vocabulary).weight
    head.requires_grad_(not frozen)
    ids = torch.randint(3, 50, (2, 7))
    inputs, truth = {"input_ids": ids}, truth_of(ids, torch.ones(2, 7))
    loss = cast(Loss, build("burnish.losses", "cross_entropy"))
    found = []
    for kind in ("supervised", "chunked"):
        module = made(kind, **({"places": 5} if kind == "chunked" else {})).module(network, loss, lambda: inputs)
        network.zero_grad()
        for _ in range(2):
            (cast(tuple[torch.Tensor, torch.Tensor], module(inputs, truth))[0] * 0.5).backward()
        found.append({name: p.grad for name, p in network.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys()
    assert (head.grad is None) == frozen
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=0, atol=1e-10, msg=name)


def test_parameters_that_join_in_later_get_their_gradient() -> None:
    """Gradual unfreezing thaws a head after the objective was made."""
    torch.manual_seed(0)
    network = small()
    head = cast(Any, network.vocabulary).weight.requires_grad_(False)
    ids = torch.randint(3, 50, (2, 7))
    loss = cast(Loss, build("burnish.losses", "cross_entropy"))
    module = made("chunked").module(network, loss, lambda: {"input_ids": ids})
    assert not head.requires_grad
    head.requires_grad_()
    total, _ = cast(tuple[torch.Tensor, torch.Tensor], module({"input_ids": ids}, truth_of(ids, torch.ones(2, 7))))
    total.backward()
    assert head.grad is not None
