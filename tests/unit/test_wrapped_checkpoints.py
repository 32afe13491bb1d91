"""Checkpoints of training loops: what is known to stand before names is taken off, and said; NaN is blamed on the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from burnish.core.errors import InputError
from burnish.models._checkpoint import resolved_folder
from burnish.models._vision.weights import read_weights
from burnish.models._wrapped_names import prefix_of
from burnish.models.transformers import Transformers
from tests import vision_cases
from tests.network_cases import INPUT, LABEL, batch, checkpoint
from tests.slow_cases import slow_but

Tensors = dict[str, torch.Tensor]


def rewritten(folder: Path, change: Callable[[Tensors], Tensors]) -> Path:
    state = change(load_file(folder / "model.safetensors"))
    save_file({k: v.clone() for k, v in state.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def copied(source: Path, tmp_path: Path, change: Callable[[Tensors], Tensors]) -> Path:
    return rewritten(Path(shutil.copytree(source, tmp_path / "copy")), change)


def built(folder: Path) -> Any:
    return Transformers(name=str(folder)).build(INPUT, LABEL, seed=0).eval()


def before(prefix: str, **more: torch.Tensor) -> Callable[[Tensors], Tensors]:
    return lambda state: {**{prefix + name: value for name, value in state.items()}, **more}


PREFIXES = [
    "net.",
    "model.",
    "module.",
    "backbone.",
    "_orig_mod.",
    "state_dict.net.",
    "module._orig_mod.",
    "state_dict_ema.module.",
]


@pytest.mark.parametrize("architecture", ["bert", "roberta", "gpt2", "llama"])
@pytest.mark.parametrize("prefix", slow_but(["net.", "state_dict.model.", "module._orig_mod."], "state_dict.model."))
def test_texts(tmp_path: Path, architecture: str, prefix: str) -> None:
    """The same network as without, with a note; what belongs to the loop is left."""
    source = checkpoint(architecture)
    plain = built(source)
    folder = copied(source, tmp_path, before(prefix, **{"criterion.weight": torch.ones(3)}))
    found = built(folder)
    own = dict(plain.named_parameters())
    for name, value in found.named_parameters():
        if plain.depth(name) <= plain.layers and "pooler" not in name:
            assert torch.equal(value, own[name]), name
    assert any(f"'{prefix}' was taken off" in note for note in found.notes), found.notes


@pytest.mark.parametrize("prefix", slow_but(PREFIXES, PREFIXES[0]))
@pytest.mark.parametrize("architecture", ["timm_resnet", "torchvision_mobilenet"])
def test_pictures(tmp_path: Path, architecture: str, prefix: str) -> None:
    """Of timm and torchvision as well."""
    source = vision_cases.checkpoint(architecture)
    kind = vision_cases.model(architecture)
    plain = kind.build(vision_cases.INPUT, vision_cases.LABEL, seed=1).eval()
    folder = copied(source, tmp_path, before(prefix, **{"loss.margin": torch.ones(1)}))
    found = kind.model_copy(update={"name": str(folder)}).build(vision_cases.INPUT, vision_cases.LABEL, seed=1).eval()
    inputs = {"pixel_values": torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))}
    with torch.no_grad():
        assert torch.allclose(found.features(**inputs), plain.features(**inputs), atol=1e-5)
    assert any("was taken off" in note for note in found.notes), found.notes


def test_averaged_weights_are_taken_and_said(tmp_path: Path) -> None:
    """Of two copies the averaged one, whatever their order."""

    def both(state: Tensors) -> Tensors:
        worse = {f"state_dict.net.{name}": value + 1 for name, value in state.items()}
        return {**worse, **{f"state_dict_ema.net.{name}": value for name, value in state.items()}}

    source = checkpoint("bert")
    plain, found = built(source), built(copied(source, tmp_path, both))
    inputs = batch(plain)
    with torch.no_grad():
        assert torch.allclose(plain.features(**inputs), found.features(**inputs))
    assert any("(averaged weights)" in note and "state_dict_ema.net." in note for note in found.notes)


def test_two_copies_of_which_none_is_averaged_are_refused(tmp_path: Path) -> None:
    def both(state: Tensors) -> Tensors:
        return {**{f"net.{n}": v for n, v in state.items()}, **{f"module.{n}": v for n, v in state.items()}}

    with pytest.raises(InputError, match=r"more than once: module\.\*, net\.\*") as error:
        built(copied(checkpoint("bert"), tmp_path, both))
    assert "safetensors" in error.value.fix


def test_what_is_not_known_is_said_and_not_taken_off(tmp_path: Path) -> None:
    """What the file holds instead."""
    with pytest.raises(InputError, match=r"the file holds student\.") as error:
        built(copied(checkpoint("bert"), tmp_path, before("student.")))
    assert "download" not in error.value.fix
    assert prefix_of(["net.a.b"], ["a.b", "a.c"], "") is None, "not all are there"
    assert prefix_of(["a.b", "net.a.b"], ["a.b"], "") is None, "it is there as it is"


def test_a_pickled_file_of_both_copies(tmp_path: Path) -> None:
    """torch's own form, tensors only: the averaged weights, as from safetensors."""
    file = tmp_path / "last.ckpt"
    torch.save({"epoch": 3, "state_dict": {"a": torch.zeros(2)}, "state_dict_ema": {"a": torch.ones(2)}}, file)
    assert read_weights(file)["a"].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["last.ckpt", "best.pth"])
def test_a_pickle_alone_says_how_it_is_converted(tmp_path: Path, name: str) -> None:
    """Without running what is in it."""
    folder = Path(shutil.copytree(checkpoint("bert"), tmp_path / "copy"))
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(InputError, match=name) as error:
        built(folder)
    assert "weights_only=True" in error.value.fix
    with pytest.raises(InputError, match="is a file") as error:
        resolved_folder(str(folder / name), None)
    assert "weights_only=True" in error.value.fix


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, value: float) -> None:
    """At loading, with the tensor, and no word of rows."""

    def broken(state: Tensors) -> Tensors:
        name = next(n for n in state if n.endswith("layer.1.output.dense.weight"))
        state[name][0, 0] = value
        return state

    with pytest.raises(InputError, match=r"NaN or infinite.*layer\.1\.output\.dense\.weight"):
        built(copied(checkpoint("bert"), tmp_path, broken))


def test_pictures_whose_weights_are_no_numbers(tmp_path: Path) -> None:
    def broken(state: Tensors) -> Tensors:
        next(value for value in state.values() if value.is_floating_point()).view(-1)[0] = float("nan")
        return state

    folder = copied(vision_cases.checkpoint("timm_resnet"), tmp_path, broken)
    kind = vision_cases.model("timm_resnet").model_copy(update={"name": str(folder)})
    with pytest.raises(InputError, match="1 tensors of the weights hold NaN"):
        kind.build(vision_cases.INPUT, vision_cases.LABEL, seed=1)
