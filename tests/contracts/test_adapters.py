"""What every adapter must do, over an encoder, a decoder with transposed layers, and a decoder of the Llama kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.adapters import Adapter, hold_still, matches
from burnish.adapters.gradual_unfreezing import GradualUnfreezing
from burnish.adapters.last_layers import LastLayers
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.models.transformers import Transformers
from tests.network_cases import INPUT, LABEL, batch, network, train_some

AXIS = "burnish.adapters"
ARCHITECTURES = ("bert", "gpt2", "llama")
SMALL: dict[str, dict[str, Any]] = {
    "last_layers": {"layers": 1},
    "lora": {"rank": 4},
    "lora_tokens": {"kind": "lora", "rank": 4, "trainable_token_indices": [11, 12, 13, 40]},
}
OF_TEXTS = [kind for kind in kinds(AXIS) if kind != "decoder_only"]
"""Those for networks of one stack; that of an encoder with a decoder is tested beside the others over speech."""
PAIRS = [(kind, architecture) for kind in [*OF_TEXTS, "lora_tokens"] for architecture in ARCHITECTURES]
over_pairs = pytest.mark.parametrize(("kind", "architecture"), PAIRS)


def adapter_of(kind: str, **settings: Any) -> Adapter:
    made = build(AXIS, {"kind": kind, **SMALL.get(kind, {}), **settings})
    assert isinstance(made, Adapter)
    return made


def learning(built: nn.Module) -> list[str]:
    return [name for name, parameter in built.named_parameters() if parameter.requires_grad]


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_documents_itself(kind: str) -> None:
    cls = component_class(AXIS, kind)
    assert cls.sentence()
    assert all(f.description for f in cls.model_fields.values())
    assert adapter_of(kind).default_learning_rate > 0
    assert build(AXIS, adapter_of(kind).model_dump()) == adapter_of(kind)


@over_pairs
def test_answers_are_unchanged_before_the_first_step(kind: str, architecture: str) -> None:
    built = network(architecture)
    before = built(**batch(built))
    adapter_of(kind).prepare(built)
    torch.testing.assert_close(built(**batch(built)), before, rtol=1e-7, atol=1e-7)


@over_pairs
def test_the_head_learns_and_only_what_is_marked_moves(kind: str, architecture: str) -> None:
    built = network(architecture)
    adapter = adapter_of(kind)
    adapter.prepare(built)
    marked = set(learning(built))
    assert any(built.depth(name) == built.layers + 1 for name in marked)
    before = {name: value.clone() for name, value in built.named_parameters()}
    adapter.at(built, 1.0)
    train_some(built)
    moved = {name for name, value in built.named_parameters() if not torch.equal(value, before[name])}
    assert moved <= marked
    # What gets no gradient at all: the unused part of a table, the second sentence's type, the key bias of attention.
    assert any(built.depth(name) == built.layers + 1 for name in moved)


@over_pairs
def test_preparing_twice_the_same_is_the_same(kind: str, architecture: str) -> None:
    """Nothing comes from the global random state, and it is left alone."""
    first, second = network(architecture), network(architecture)
    torch.manual_seed(1)
    adapter_of(kind).prepare(first)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    adapter_of(kind).prepare(second)
    assert torch.equal(torch.get_rng_state(), before)
    for (name, left), (again, right) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert name == again
        assert torch.equal(left, right), name


@over_pairs
def test_trained_saved_and_loaded_is_the_same(kind: str, architecture: str, tmp_path: Path) -> None:
    """The plain library gives the logits of the network in memory, head included."""
    from transformers import AutoModelForSequenceClassification

    built = network(architecture).float()
    adapter = adapter_of(kind)
    adapter.prepare(built)
    start = built(**batch(built))
    train_some(built)
    logits = built(**batch(built))
    assert float((logits - start).abs().max().detach()) > 1e-3
    built.save(tmp_path)
    torch.testing.assert_close(built(**batch(built)), logits, rtol=0, atol=0)
    loaded = Transformers().load(tmp_path, INPUT, LABEL).eval()
    torch.testing.assert_close(loaded(**batch(built)), logits, rtol=1e-5, atol=1e-5)
    plain, report = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    inputs = {name: value for name, value in batch(built).items() if name != "token_type_ids"}
    torch.testing.assert_close(plain.eval()(**inputs).logits, built(**inputs), rtol=1e-5, atol=1e-5)


@over_pairs
def test_freeze_patterns_hold_as_well(kind: str, architecture: str) -> None:
    if kind == "head_only":
        pytest.skip("nothing but the head learns")
    pattern = {"bert": "layer.1.*", "gpt2": "h.1.*", "llama": "layers.1.*"}[architecture]
    built = network(architecture)
    adapter = adapter_of(kind, freeze=[pattern])
    adapter.prepare(built)
    adapter.at(built, 1.0)
    assert learning(built)
    assert not [name for name in learning(built) if built.depth(name) == 2 and f"{pattern[:-1]}" in name]


@pytest.mark.parametrize("kind", OF_TEXTS)
def test_bad_patterns_are_said(kind: str) -> None:
    with pytest.raises(InputError, match="matches no parameter") as error:
        adapter_of(kind, freeze=["embedings.*"]).prepare(network("bert"))
    assert "'embeddings'" in error.value.fix
    with pytest.raises(InputError, match="nothing is left to learn"):
        adapter_of(kind, freeze=["*"]).prepare(network("bert"))


def test_patterns_match_from_any_dot_on() -> None:
    name = "model.bert.encoder.layer.0.attention.self.query.base_layer.weight"
    for pattern in ("model.*", "encoder.layer.0.*", "*.query.weight", "query.*"):
        assert matches(name, pattern)
    for pattern in ("ncoder.*", "encoder", "layer.1.*", "quer.*"):
        assert not matches(name, pattern)


def test_last_layers_are_the_last() -> None:
    built = network("bert", layers=3)
    LastLayers(layers=2).prepare(built)
    assert {built.depth(name) for name in learning(built)} == {2, 3, 4}
    with pytest.raises(InputError, match="the network has 3"):
        LastLayers(layers=4).prepare(built)


def test_head_only_trains_a_fresh_pooler_too() -> None:
    built = network("albert")
    adapter_of("head_only").prepare(built)
    assert {name.split(".")[-2] for name in learning(built)} == {"pooler", "classifier"}


def test_gradual_unfreezing_thaws_from_the_top_as_a_function_of_progress() -> None:
    built = network("bert", layers=3)
    adapter = GradualUnfreezing(every=0.1, freeze=["LayerNorm.bias"])
    adapter.prepare(built)
    everything = set(learning(built))
    seen = {}
    for progress in (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 1.0, 0.25):  # also backwards: only progress counts
        adapter.at(built, progress)
        seen[progress] = min(built.depth(name) for name in learning(built))
        assert set(learning(built)) <= everything
    assert seen == {0.0: 4, 0.05: 4, 0.1: 3, 0.2: 2, 0.3: 1, 0.4: 0, 1.0: 0, 0.25: 2}
    evenly = GradualUnfreezing(unfreeze_until=0.5)
    assert [evenly.thawed(4, p) for p in (0, 0.09, 0.1, 0.3, 0.49, 0.5, 1)] == [0, 0, 1, 3, 4, 5, 5]


def test_gradual_unfreezing_leaves_what_is_frozen_alone_even_with_weight_decay() -> None:
    built = network("bert")
    adapter = GradualUnfreezing(every=0.5)
    adapter.prepare(built)
    optimizer = torch.optim.AdamW(built.parameters(), lr=0.01, weight_decay=0.5)
    before = {name: value.clone() for name, value in built.named_parameters()}
    adapter.at(built, 0.0)
    built(**batch(built)).square().sum().backward()
    optimizer.step()
    moved = {built.depth(n) for n, value in built.named_parameters() if not torch.equal(value, before[n])}
    assert moved == {built.layers + 1}


@pytest.fixture
def one_process(tmp_path: Path) -> Iterator[None]:
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("one_process")
def test_gradual_unfreezing_works_under_data_parallel_training() -> None:
    built = network("bert")
    adapter = GradualUnfreezing(every=0.2)
    assert adapter.changes
    adapter.prepare(built)
    wrapped = nn.parallel.DistributedDataParallel(built, find_unused_parameters=adapter.changes)
    for progress in (0.0, 0.2, 0.4, 0.9, 0.2):
        adapter.at(built, progress)
        wrapped.zero_grad(set_to_none=True)
        wrapped(**batch(built)).square().sum().backward()
        got = {built.depth(name) for name, p in built.named_parameters() if p.grad is not None and p.grad.any()}
        assert min(got) == min(built.depth(name) for name in learning(built))


def test_frozen_batch_norms_hold_still() -> None:
    """Their running statistics stay; those that learn, in whole or in part, go on counting."""
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)),
        nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)),
        nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2, affine=False)),
        nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2, affine=False)),
    )
    for part in (net[0], net[2]):
        part.requires_grad_(False)
    net[1][1].weight.requires_grad_(False)  # type: ignore[index,union-attr]
    net.train()
    hold_still(net)
    before = [module.running_mean.clone() for module in net.modules() if isinstance(module, nn.BatchNorm2d)]  # type: ignore[union-attr]
    net(torch.randn(4, 1, 12, 12))
    after = [module.running_mean for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, True, False]  # type: ignore[arg-type]
    assert net[0].training
    assert net[0][0].training  # type: ignore[index,union-attr]
