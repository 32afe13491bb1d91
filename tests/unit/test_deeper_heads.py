"""Deeper heads and batch norms in other shapes: what they compute, saved and read back in every library of models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models import Head, Model
from burnish.models._batch_norms import GroupNormed
from burnish.models._head_layers import WeightNormedLinear, fold_weight_norms, groups_of, head_layers
from burnish.models.transformers import Transformers
from burnish.models.transformers.deeper import PooledHead
from burnish.recipe.recipe import Recipe
from tests import audio_cases, vision_cases
from tests.contracts.test_models import INPUT, batch, network
from tests.network_cases import LABEL

TEXTS: list[tuple[str, dict[str, Any]]] = [
    ("bert", {"layers": 2, "norm": "layer", "dropout": 0.1}),
    ("bert", {"layers": 2, "norm": "weight", "pooling": "attention"}),
    ("roberta", {"layers": 1, "norm": "weight"}),
    ("gpt2", {"layers": 3, "width": 8, "activation": "relu", "pooling": "last"}),
    ("distilbert", {"layers": 2, "norm": "group", "pooling": "max"}),
    ("bert", {"layers": 1, "pooling": "mean"}),
]
PICTURES: list[tuple[str, dict[str, Any]]] = [
    ("timm_resnet", {"head": {"layers": 2, "norm": "batch"}, "batch_norms": "group"}),
    ("timm_mobilenet", {"batch_norms": "group"}),
    ("timm_vit", {"head": {"layers": 2, "norm": "weight", "pooling": "mean"}}),
    ("torchvision_mobilenet", {"head": {"layers": 2, "width": 8}, "batch_norms": "group"}),
    ("transformers_vit", {"head": {"layers": 2, "pooling": "mean"}}),
    ("transformers_resnet", {"head": {"layers": 2}, "batch_norms": "frozen"}),
]


def test_layers_are_what_is_written_out_by_hand() -> None:
    torch.manual_seed(0)
    made = head_layers(Head(layers=2, width=5, norm="layer", activation="tanh", dropout=0.5), 4, 3).eval()
    first, norm, last = made[1], made[2], made[5]
    states = torch.randn(2, 4)
    hidden = states @ first.weight.T + first.bias  # type: ignore[operator, union-attr]
    spread = (hidden - hidden.mean(1, keepdim=True)) / (hidden.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    expected = torch.tanh(spread * norm.weight + norm.bias) @ last.weight.T + last.bias  # type: ignore[operator, union-attr]
    torch.testing.assert_close(made(states), expected)


def test_weight_norm_is_torchs_and_plain_when_folded() -> None:
    from torch.nn.utils.parametrizations import weight_norm

    torch.manual_seed(0)
    ours, states = WeightNormedLinear(4, 3), torch.randn(2, 4)
    with torch.no_grad():
        ours.length.mul_(1.7)
    theirs = weight_norm(nn.Linear(4, 3))
    with torch.no_grad():
        theirs.parametrizations.weight.original0.copy_(ours.length[:, None])  # type: ignore[union-attr, operator]
        theirs.parametrizations.weight.original1.copy_(ours.direction)  # type: ignore[union-attr, operator]
        theirs.bias.copy_(ours.bias)
    torch.testing.assert_close(ours(states), theirs(states))
    held = nn.Sequential(ours)
    before = held(states)
    fold_weight_norms(held)
    assert [name for name, _ in held.named_parameters()] == ["0.weight", "0.bias"]
    assert torch.equal(held(states), before)


def test_weight_norm_is_not_pulled_towards_zero() -> None:
    from burnish.training.parameter_groups import parameter_groups

    built = network("bert", head={"layers": 2, "norm": "weight"})
    groups = parameter_groups(built, learning_rate=1.0, weight_decay=0.1)
    names = [n for g in groups if g["burnish_decays"] for n in g["burnish_names"]]
    assert not [n for n in names if "direction" in n or "length" in n]


def test_pooling_of_two_rows_by_hand() -> None:
    states = torch.tensor([[[1.0], [4.0], [9.0]], [[2.0], [-3.0], [7.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    expected = {"first": [1, 2], "last": [4, 7], "max": [4, 7], "mean": [2.5, 2], "attention": [2.5, 2]}
    for kind, values in expected.items():
        pooled = PooledHead(Head(layers=1, pooling=kind), 1, 2, 0).pooled(states, mask)  # type: ignore[arg-type]
        torch.testing.assert_close(pooled[:, 0], torch.tensor(values, dtype=torch.float32), msg=kind)


def test_groups_divide_the_channels() -> None:
    assert [groups_of(n) for n in (64, 48, 8, 7, 2, 24)] == [32, 24, 4, 1, 1, 12]


def test_group_norm_norms_within_an_example() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.uniform_(-1, 1)
    pictures = torch.randn(3, 4, 2, 2)
    pairs = pictures.reshape(3, 2, 8)  # two groups of two channels
    spread = (pairs - pairs.mean(2, keepdim=True)) / (pairs.var(2, unbiased=False, keepdim=True) + norm.eps).sqrt()
    expected = spread.reshape(pictures.shape) * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(GroupNormed(norm)(pictures), expected)


def same_when_loaded(built: Network, model: Any, input: Any, inputs: dict[str, torch.Tensor], folder: Path) -> None:
    built = built.float().eval()
    answers = built(**inputs)
    assert answers.shape[1] == LABEL.outputs
    built.save(folder)
    loaded = model.load(folder, input, LABEL).eval()
    torch.testing.assert_close(loaded(**inputs), answers, rtol=1e-5, atol=1e-6)
    assert all("direction" not in name for name, _ in loaded.named_parameters())
    depths = {name: built.depth(name) for name, _ in built.named_parameters()}
    assert max(depths.values()) == built.layers + 1


@pytest.mark.parametrize(("architecture", "head"), TEXTS, ids=[f"{a}-{i}" for i, (a, _) in enumerate(TEXTS)])
def test_of_texts_saved_loaded_and_padded(architecture: str, head: dict[str, Any], tmp_path: Path) -> None:
    built = network(architecture, head=head)
    assert built.fresh_head
    inputs = batch(built)
    torch.testing.assert_close(built(**batch(built, padding=4)), built(**inputs), rtol=1e-8, atol=1e-9)
    if head.get("pooling") != "attention":
        split = built.head_split(**inputs)
        torch.testing.assert_close(split.logits(split.features(**inputs)), built(**inputs), rtol=1e-6, atol=1e-7)
    same_when_loaded(built, Transformers(), INPUT, batch(built.float()), tmp_path)


@pytest.mark.parametrize(("architecture", "settings"), PICTURES, ids=[a for a, _ in PICTURES])
def test_of_pictures_saved_and_loaded(architecture: str, settings: dict[str, Any], tmp_path: Path) -> None:
    built = vision_cases.network(architecture, **settings)
    pixels = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kind = build("burnish.models", {"kind": vision_cases.KINDS[architecture]})
    same_when_loaded(built, kind, vision_cases.INPUT, {"pixel_values": pixels}, tmp_path)
    if settings.get("batch_norms") == "group":
        assert not any(isinstance(m, nn.BatchNorm2d) for m in built.modules())
        assert any("group norms" in note for note in built.notes)


@pytest.mark.parametrize("architecture", ["wav2vec2", pytest.param("ast", marks=pytest.mark.slow)])
def test_of_sounds_saved_and_loaded(architecture: str, tmp_path: Path) -> None:
    built = audio_cases.network(architecture, head={"layers": 2, "pooling": "mean"})
    inputs = audio_cases.batch(architecture)
    model, input_ = audio_cases.model(architecture), audio_cases.input_for(architecture)
    same_when_loaded(built, model, input_, inputs, tmp_path)


@pytest.mark.parametrize("architecture", ["bert", "timm_resnet"])
def test_the_librarys_own_head_is_bit_for_bit_as_without_a_word(architecture: str) -> None:
    made = network if architecture == "bert" else vision_cases.network
    plain, named = made(architecture), made(architecture, head={"layers": 1})
    one, other = plain.state_dict(), named.state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert list(plain.notes) == list(named.notes)


@pytest.mark.parametrize("architecture", ["timm_resnet", "transformers_resnet"])
def test_held_batch_norms_neither_learn_nor_count(architecture: str) -> None:
    from burnish.adapters import Adapter, hold_still

    built = vision_cases.network(architecture, batch_norms="frozen").float()
    adapter = build("burnish.adapters", "full")
    assert isinstance(adapter, Adapter)
    adapter.prepare(built)
    norms = [m for m in built.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(p.requires_grad for m in norms for p in m.parameters())
    before = [m.running_mean.clone() for m in norms if m.running_mean is not None]
    built.train()
    hold_still(built)
    built(pixel_values=torch.rand(4, 3, 32, 32)).sum().backward()
    assert all(torch.equal(m.running_mean, b) for m, b in zip(norms, before, strict=True))  # type: ignore[arg-type]
    assert any(p.grad is not None for p in built.parameters())


def test_a_run_goes_on_from_a_network_with_group_norms_and_a_deeper_head(tmp_path: Path) -> None:
    """As a checkpoint for another one: its group norms stay, its head is fresh."""
    first = vision_cases.network("timm_resnet", head={"layers": 2}, batch_norms="group").float()
    first.save(tmp_path)
    again = build("burnish.models", {"kind": "timm", "name": str(tmp_path)})
    assert isinstance(again, Model)
    built = again.build(vision_cases.INPUT, LABEL, seed=3)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in built.modules())
    assert built.get_parameter("model.conv1.weight").equal(first.get_parameter("model.conv1.weight"))
    built.save(tmp_path / "second")
    loaded = again.load(tmp_path / "second", vision_cases.INPUT, LABEL)
    assert built.state_dict().keys() == loaded.state_dict().keys()


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("timm_vit", {"batch_norms": "group"}, "no batch norm"),
    ("transformers_vit", {"batch_norms": "frozen"}, "no batch norm"),
    ("timm_resnet", {"batch_norms": "frozen", "random_weights": True}, "no statistics yet"),
    ("torchvision_mobilenet", {"head": {"pooling": "mean"}}, "pool in a way of their own"),
    ("timm_resnet", {"head": {"pooling": "attention"}}, "does not pool by attention"),
]


@pytest.mark.parametrize(("architecture", "settings", "why"), WRONG)
def test_refused_with_the_reason(architecture: str, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        vision_cases.network(architecture, **settings)
    assert caught.value.fix


def test_settings_that_stand_between_layers_need_two() -> None:
    for settings in ({"layers": 1, "width": 3}, {"layers": 1, "norm": "layer"}):
        with pytest.raises(InputError, match="there is one: say layers: 2"):
            build("burnish.models", {"kind": "transformers", "head": settings})


def test_head_is_written_into_the_model() -> None:
    recipe = Recipe.load({"data": "rows.csv", "model": "starter", "head": {"layers": 2, "norm": "layer"}})
    assert recipe.head is None
    assert recipe.model.head == Head(layers=2, norm="layer")
    assert recipe.model.name == "starter"
    with pytest.raises(InputError, match="say it once"):
        Recipe.load({"data": "rows.csv", "model": {"name": "starter", "head": {"layers": 2}}, "head": {"layers": 3}})


GRAPHS: list[tuple[str, dict[str, Any]]] = [
    ("bert", {"head": {"layers": 2, "norm": "layer", "pooling": "mean"}}),
    ("bert", {"head": {"layers": 2, "pooling": "attention"}}),
    ("gpt2", {"head": {"layers": 2, "pooling": "last"}}),
    ("timm_resnet", {"batch_norms": "group", "head": {"layers": 2}}),
    ("torchvision_mobilenet", {"batch_norms": "group"}),
    ("wav2vec2", {"head": {"layers": 2, "pooling": "max"}}),
]


def exportable(architecture: str, settings: dict[str, Any]) -> Any:
    """As `export_cases.source` makes them, with another shape."""
    from dataclasses import replace

    from tests import export_cases, network_cases

    made: Any = network_cases
    for cases in (audio_cases, vision_cases):  # networks of timm hear as well: here they see
        if architecture in getattr(cases, "KINDS", ()) or architecture in getattr(cases, "ARCHITECTURES", ()):
            made = cases
    if architecture in ("bert", "gpt2"):
        made = network_cases
    built = made.network(architecture, **settings).float().eval()
    return replace(export_cases.source(architecture), network=built)


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "settings"), GRAPHS, ids=[f"{a}-{i}" for i, (a, _) in enumerate(GRAPHS)])
def test_exported_to_onnx_it_answers_the_same(architecture: str, settings: dict[str, Any], tmp_path: Path) -> None:
    import onnxruntime

    from burnish.exporters.onnx import Onnx

    source = exportable(architecture, settings)
    Onnx().export(source, tmp_path, lambda text: None)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    names = {given.name for given in session.get_inputs()}
    (logits,) = session.run(None, {name: value for name, value in source.arrays.items() if name in names})
    with torch.no_grad():
        expected = source.network(**{name: torch.from_numpy(value) for name, value in source.arrays.items()})
    torch.testing.assert_close(torch.from_numpy(logits), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "settings"), [GRAPHS[0], GRAPHS[4]], ids=["bert", "torchvision"])
def test_exported_to_litert_it_answers_the_same(architecture: str, settings: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("litert_torch")
    from burnish.exporters.litert import Litert
    from burnish.runtimes.litert import Litert as Runtime

    source = exportable(architecture, settings)
    facts = Litert().export(source, tmp_path, lambda text: None)
    from burnish.bundle.artifacts import write_facts

    write_facts(tmp_path, {"format": "litert", "precision": "float32", "tolerance": 1e-4, **facts}, [])
    run = Runtime().open(tmp_path, {}, source.input, source.target)
    with torch.no_grad():
        expected = source.network(**{name: torch.from_numpy(value) for name, value in source.arrays.items()})
    torch.testing.assert_close(torch.from_numpy(run(source.arrays)), expected, rtol=1e-3, atol=1e-4)
