"""Where image networks get their weights from, and every way those can be wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.inputs.image import Image
from burnish.models import Model
from burnish.models._vision.same_padding import SamePaddingConv2d, pad_as_tensorflow
from burnish.targets.label import Label
from tests.network_cases import LABEL, batch
from tests.vision_cases import INPUT, checkpoint, network

SHARED = Path(__file__).parents[2].parent / "shared" / "weights" / "mobilenet_v2_imagenet"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small ResNet of timm this test may spoil."""
    return Path(shutil.copytree(checkpoint("timm_resnet"), tmp_path / "resnet"))


def model(kind: str, name: Path | str, **settings: Any) -> Model:
    made = build("burnish.models", {"kind": kind, "name": str(name), **settings})
    assert isinstance(made, Model)
    return made


def built(kind: str, name: Path | str, input: Image = INPUT, **settings: Any) -> Network:
    return model(kind, name, **settings).build(input, LABEL, seed=0).eval()


def refused(match: str, kind: str, name: Path | str, input: Image = INPUT, **settings: Any) -> InputError:
    with pytest.raises(InputError, match=match) as error:
        built(kind, name, input, **settings)
    return error.value


def test_names_that_lead_nowhere() -> None:
    assert "resnet18" in refused("timm has no architecture", "timm", "resnet81").fix
    assert "resnet18" in refused("torchvision has no image network", "torchvision", "resnet81").fix
    refused("there is no folder", "timm", "./nothing/here")
    refused("there is no folder", "torchvision", "./nothing/here")
    assert "a1_in1k" in refused("timm has no weights 'nope'", "timm", "resnet18.nope", random_weights=True).expected


def test_without_weights_there_is_no_silent_start_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "random_weights" in refused("there are no weights for 'resnet18'", "timm", "resnet18").fix

    def offline(*given: Any, **named: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    assert "random_weights" in refused("there are no weights for 'mobilenet_v2'", "torchvision", "mobilenet_v2").fix


@pytest.mark.parametrize(
    ("kind", "name", "crop_ratio"),
    [
        ("timm", "mobilenetv3_small_050", 0.875),
        ("torchvision", "mobilenet_v2", 224 / 232),
        ("torchvision", "resnet18", 224 / 256),
    ],
)
def test_random_weights_are_said_and_pictures_are_as_the_architecture_states(
    kind: str, name: str, crop_ratio: float
) -> None:
    network = built(kind, name, random_weights=True)
    assert network.notes == ["random weights: nothing is pretrained"]
    chosen = model(kind, name, random_weights=True)
    processor = Image().processor(chosen.folder())
    assert (processor.size, processor.mean) == (224, (0.485, 0.456, 0.406))
    assert chosen.folder() == chosen.folder()
    assert processor.crop_ratio == pytest.approx(crop_ratio)


def test_state_dicts_torch_saved_open_as_tensors_only(folder: Path, tmp_path: Path) -> None:
    state = load_file(folder / "model.safetensors")
    reference = network("timm_resnet", seed=0).float()
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}
    torch.save(wrapped, tmp_path / "trained.pth")
    torch.save({"state_dict": {f"model.{name}": value for name, value in state.items()}}, tmp_path / "lightning.ckpt")
    save_file(state, tmp_path / "trained.safetensors")
    for file in ("trained.pth", "lightning.ckpt", "trained.safetensors"):
        network_ = built("timm", folder, weights=str(tmp_path / file))
        assert torch.equal(network_(**batch(network_)), reference(**batch(reference)))
        assert any("does not say its own" in note for note in network_.notes)
    (folder / "model.safetensors").rename(tmp_path / "aside")  # as older releases of timm wrote a folder
    torch.save(state, folder / "pytorch_model.bin")
    network_ = built("timm", folder)
    assert torch.equal(network_(**batch(network_)), reference(**batch(reference)))
    (tmp_path / "aside").rename(folder / "model.safetensors")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    refused("more than tensors", "timm", folder, weights=str(tmp_path / "module.pth"))
    torch.save([1, 2], tmp_path / "list.pt")
    refused("no state dict", "timm", folder, weights=str(tmp_path / "list.pt"))
    (tmp_path / "cut.pth").write_bytes((tmp_path / "trained.pth").read_bytes()[:1000])
    refused("cannot be read", "timm", folder, weights=str(tmp_path / "cut.pth"))
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "trained.safetensors").read_bytes()[:1000])
    refused("corrupt", "timm", folder, weights=str(tmp_path / "cut.safetensors"))
    refused("no such file", "timm", folder, weights=str(tmp_path / "none.pth"))
    (tmp_path / "weights.h5").write_bytes(b"")
    refused("ending with '.h5'", "timm", folder, weights=str(tmp_path / "weights.h5"))


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model._orig_mod."])
def test_what_training_wrapped_a_network_in_is_taken_off(folder: Path, tmp_path: Path, prefix: str) -> None:
    """torch.compile, data-parallel training and Lightning, one around the other in any order."""
    state = load_file(folder / "model.safetensors")
    torch.save({prefix + name: value for name, value in state.items()}, tmp_path / "wrapped.pt")
    network_, reference = built("timm", folder, weights=str(tmp_path / "wrapped.pt")), network("timm_resnet", seed=0)
    assert torch.equal(network_(**batch(network_)), reference.float()(**batch(reference)))


def test_a_torchvision_folder_with_what_torch_pickled_alone(tmp_path: Path) -> None:
    """As tensors only, and the same network."""
    folder = Path(shutil.copytree(checkpoint("torchvision_mobilenet"), tmp_path / "mobilenet"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    network_, reference = built("torchvision", folder), network("torchvision_mobilenet", seed=0).float()
    assert torch.equal(network_(**batch(network_)), reference(**batch(reference)))
    torch.save(torch.nn.Linear(2, 2), folder / "pytorch_model.bin")
    refused("more than tensors", "torchvision", folder)


def test_tensors_that_do_not_fit_are_named(folder: Path) -> None:
    file = folder / "model.safetensors"
    state = load_file(file)
    save_file({k: v for k, v in state.items() if k != "layer2.0.bn1.running_mean"}, file)
    refused(r"missing in the weights: layer2\.0\.bn1\.running_mean", "timm", folder)
    save_file({**state, "conv1.weight": torch.ones(64, 1, 7, 7)}, file)
    refused(r"conv1\.weight \[64, 1, 7, 7\] in the file, \[64, 3, 7, 7\] in the network", "timm", folder)
    save_file({**state, "layer1.7.conv1.weight": torch.ones(1)}, file)
    refused(r"does not know: layer1\.7\.conv1\.weight", "timm", folder)
    save_file({**state, "aux.fc.weight": torch.ones(1)}, file)
    assert any("1 tensors of the checkpoint are not used here (aux)" in note for note in built("timm", folder).notes)
    save_file({k: v for k, v in state.items() if not k.startswith("fc.")}, file)
    assert any("has no head" in note for note in built("timm", folder).notes)
    file.unlink()
    refused("there are no weights here", "timm", folder)


def test_a_trained_network_must_be_whole(tmp_path: Path) -> None:
    network("timm_resnet").float().save(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    for changed, match in (
        ({k: v for k, v in state.items() if k != "fc.bias"}, r"missing: fc\.bias"),
        ({**state, "odd": torch.ones(1)}, "left over: odd"),
        ({**state, "fc.bias": torch.ones(4)}, r"fc\.bias \[4\] in the file, \[3\]"),
    ):
        save_file(changed, file)
        with pytest.raises(InputError, match=match):
            model("timm", tmp_path).load(tmp_path, INPUT, LABEL)


def test_folders_of_another_library_are_said(folder: Path) -> None:
    assert "kind: timm" in refused("no network of torchvision", "torchvision", folder).fix
    assert "kind: transformers" in refused("transformers checkpoint", "timm", checkpoint("transformers_vit")).fix
    assert "model.kind=timm" in refused("a checkpoint of timm", "transformers", folder).fix
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architecture": "resnet_of_tomorrow"}))
    refused("timm has no architecture 'resnet_of_tomorrow'", "timm", folder)
    (folder / "config.json").write_text("{")
    refused("config.json cannot be read", "timm", folder)


def test_settings_an_architecture_does_not_take() -> None:
    refused("stochastic_depth_prob", "torchvision", "resnet18", random_weights=True, drop_path=0.1)
    refused("has no dropout", "torchvision", "resnet18", random_weights=True, dropout=0.1)


def test_position_embeddings_are_interpolated_to_another_size_of_pictures() -> None:
    """Same body, more places; what does not depend on the size is untouched."""
    small, large = (built("timm", checkpoint("timm_vit"), Image(size=size)) for size in (32, 64))
    assert small.get_parameter("model.pos_embed").shape == (1, 5, 32)
    assert large.get_parameter("model.pos_embed").shape == (1, 17, 32)
    weight = "model.blocks.1.mlp.fc1.weight"
    assert torch.equal(small.get_parameter(weight), large.get_parameter(weight))
    assert large(pixel_values=torch.randn(2, 3, 64, 64)).shape == (2, 3)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", [8, 9, 15])
def test_tensorflow_padding_is_that_of_timm(kernel: int, size: int) -> None:
    """And weights keep their names, those of stride 1 their padding."""
    from timm.layers import Conv2dSame

    plain = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, kernel, stride=2, padding=kernel // 2), torch.nn.Conv2d(4, 4, 3, 1, 1)
    )
    state = {name: value.clone() for name, value in plain.state_dict().items()}
    assert pad_as_tensorflow(plain) == 1
    assert isinstance(plain[0], SamePaddingConv2d)
    assert plain.state_dict().keys() == state.keys()
    theirs = Conv2dSame(2, 4, kernel, stride=2)
    theirs.load_state_dict({"weight": state["0.weight"], "bias": state["0.bias"]})
    pixels = torch.randn(1, 2, size, size)
    torch.testing.assert_close(plain[0](pixels), theirs(pixels))


def test_tensorflow_padding_is_saved_and_its_pictures_are_never_guessed(tmp_path: Path) -> None:
    given = {"random_weights": True, "padding": "tensorflow"}
    refused("does not say its mean, std", "torchvision", "mobilenet_v2", **given)
    half = Image(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    padded = built("torchvision", "mobilenet_v2", half, **given)
    plain = built("torchvision", "mobilenet_v2", half, random_weights=True)
    assert not torch.equal(padded(**batch(padded)), plain(**batch(plain)))
    padded.save(tmp_path)
    loaded = model("torchvision", "mobilenet_v2").load(tmp_path, half, LABEL).eval()
    assert torch.equal(loaded(**batch(padded)), padded(**batch(padded)))
    again = built("torchvision", tmp_path)
    assert torch.equal(again(**batch(padded)), padded(**batch(padded)))
    assert INPUT.processor(tmp_path).mean == (0.5, 0.5, 0.5)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the ImageNet weights are not on this machine")
def test_real_weights_with_tensorflow_padding_give_a_network_that_knows_cats_from_dogs() -> None:
    """Every tensor is used; with its own 1000 classes it tells photographs apart."""
    pictures = sorted((SHARED.parents[1] / "data" / "cats_dogs" / "test").glob("*/*.*"))
    half = Image(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    chosen = model("torchvision", "mobilenet_v2", weights=str(SHARED), padding="tensorflow")
    network_ = chosen.build(half, LABEL, seed=0)
    assert network_.notes == ["the checkpoint's head has 1000 outputs, 3 are needed: fresh head"]
    whole: Any = chosen.build(half, Label(labels=[str(i) for i in range(1000)]), seed=0).eval()
    whole.model.load_state_dict(load_file(SHARED / "model.safetensors"))
    if not pictures:
        pytest.skip("the photographs are not on this machine")
    some = [pictures[0], pictures[1], pictures[-2], pictures[-1]]
    encoded = half.encode([{"image": str(path)} for path in some], half.processor(chosen.folder()))
    with torch.inference_mode():
        best = whole(pixel_values=torch.stack([torch.from_numpy(e["pixel_values"]) for e in encoded])).argmax(dim=1)
    cats = [281 <= int(label) <= 285 for label in best]  # ImageNet's domestic cats; dogs are 151 to 268
    assert sum(cat == path.parent.name.startswith("cat") for cat, path in zip(cats, some, strict=True)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "million"),
    [
        ("timm", "resnet50", 23.5),
        ("timm", "vgg16", 134.3),
        ("timm", "vit_base_patch16_224", 85.8),
        ("torchvision", "resnet50", 23.5),
        ("torchvision", "vgg16", 134.3),
        ("torchvision", "vit_b_16", 85.8),
    ],
)
def test_full_size_architectures_are_saved_and_loaded_by_name(
    kind: str, name: str, million: float, tmp_path: Path
) -> None:
    first = built(kind, name, Image(), random_weights=True)
    assert sum(p.numel() for p in first.parameters()) / 1e6 == pytest.approx(million, abs=0.1)
    first.save(tmp_path)
    pixels = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        answer = first(pixel_values=pixels)
        del first
        assert torch.equal(built(kind, tmp_path, Image())(pixel_values=pixels), answer)
        loaded = model(kind, tmp_path).load(tmp_path, Image(), LABEL).eval()
        assert torch.equal(loaded(pixel_values=pixels), answer)
