"""What every model library must do with images, over the architectures it is tried with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.targets import Target
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from tests.network_cases import LABEL, TAGS, batch
from tests.vision_cases import INPUT, KINDS, LAYERS, checkpoint, label_names, model, network, plain

ARCHITECTURES = tuple(KINDS)
over_architectures = pytest.mark.parametrize("architecture", ARCHITECTURES)


@over_architectures
@pytest.mark.parametrize(
    "target", [LABEL, Labels(labels=["x", "y"]), Score(mean=0.0, scale=1.0)], ids=lambda t: t.kind()
)
def test_logits_and_features_have_their_shapes(architecture: str, target: Target) -> None:
    built = network(architecture, target)
    logits, features = built(**batch(built)), built.features(**batch(built))
    assert logits.shape == (3, target.outputs)
    assert features.ndim == 2
    assert len(features) == 3
    assert bool(logits.isfinite().all() and features.isfinite().all())


@over_architectures
def test_rows_do_not_see_each_other(architecture: str) -> None:
    built = network(architecture)
    inputs = batch(built)
    together = built(**inputs)
    for row in range(3):
        alone = {name: value[row : row + 1] for name, value in inputs.items()}
        torch.testing.assert_close(built(**alone), together[row : row + 1], rtol=1e-8, atol=1e-9)


@over_architectures
def test_every_parameter_has_a_depth(architecture: str) -> None:
    built = network(architecture)
    assert built.layers == LAYERS[architecture]
    depths = {name: built.depth(name) for name, _ in built.named_parameters()}
    assert set(depths.values()) == set(range(built.layers + 2))
    head = {name for name, depth in depths.items() if depth == built.layers + 1}
    assert sorted(dict(built.named_parameters())[name].shape for name in head) == sorted(
        [torch.Size([3]), torch.Size([3, built.features(**batch(built)).shape[1]])]
    )
    assert depths[next(iter(depths))] == 0
    with pytest.raises(KeyError):
        built.depth("model.nothing.weight")


@over_architectures
def test_the_head_comes_from_the_seed_and_the_rest_from_the_file(architecture: str) -> None:
    """Running statistics of batch norms included."""
    from safetensors.torch import load_file

    before = torch.get_rng_state()
    first, same, other = (network(architecture, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before), "the global random state was moved"
    stored = load_file(checkpoint(architecture) / "model.safetensors")
    heads = {name for name, _ in first.named_parameters() if first.depth(name) == first.layers + 1}
    for name, value in first.state_dict().items():
        assert torch.equal(value, same.state_dict()[name]), name
        if name not in heads:
            likely = [v for v in stored.values() if v.shape == value.shape]  # transformers renames some while loading
            assert any(torch.equal(value, v.to(value.dtype)) for v in likely), name
            assert torch.equal(value, other.state_dict()[name]), name
    weight = next(name for name in heads if name.endswith("weight"))
    assert not torch.equal(first.state_dict()[weight], other.state_dict()[weight])


@over_architectures
def test_saved_and_loaded_is_the_same(architecture: str, tmp_path: Path) -> None:
    """Through burnish and through the plain library, bit for bit, labels and batch norms included."""
    built = network(architecture).float().train()
    built(**batch(built))
    built.eval()
    built.save(tmp_path)
    loaded = model(architecture).load(tmp_path, INPUT, LABEL).eval()
    for name, value in built.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert torch.equal(loaded(**batch(built)), built(**batch(built)))
    pixels = batch(built)["pixel_values"]
    torch.testing.assert_close(plain(architecture, tmp_path)(pixels), built(**batch(built)), rtol=1e-4, atol=1e-5)
    assert label_names(tmp_path) == list(LABEL.labels or [])
    with pytest.raises(InputError, match="the saved model answers angry, glad, sad"):
        model(architecture).load(tmp_path, INPUT, LABEL.model_copy(update={"labels": ["sad", "glad", "angry"]}))


@over_architectures
def test_a_head_for_the_same_labels_goes_on_and_any_other_is_fresh(architecture: str, tmp_path: Path) -> None:
    built = network(architecture).float()
    built.save(tmp_path)
    model(architecture).load(tmp_path, INPUT, LABEL)
    name = next(n for n, p in built.named_parameters() if built.depth(n) == built.layers + 1 and p.ndim == 2)
    cases = [
        (["angry", "glad", "sad"], "goes on learning", True),
        (["sad", "glad", "angry"], "trained for other labels", False),
        (["a", "b", "c", "d"], "has 3 outputs, 4 are needed", False),
    ]
    for labels, note, kept in cases:
        target = LABEL.model_copy(update={"labels": labels})
        again = model(architecture).model_copy(update={"name": str(tmp_path)}).build(INPUT, target, seed=5)
        weight, before = again.get_parameter(name), built.get_parameter(name)
        assert (weight.shape == before.shape and torch.equal(weight, before)) is kept
        assert any(note in said for said in again.notes), again.notes
    with pytest.raises(InputError, match="one prediction per element"):
        model(architecture).build(INPUT, TAGS, seed=0)


@over_architectures
def test_the_checkpoint_says_how_pictures_are_normalised_and_so_does_what_is_saved(
    architecture: str, tmp_path: Path
) -> None:
    own = INPUT.processor(model(architecture).folder())
    assert own.size == 32
    if KINDS[architecture] == "transformers":
        assert own.mean == (0.5, 0.4, 0.3)
        return  # transformers keeps it in a file of its own, which the input writes
    chosen = INPUT.model_copy(update={"mean": (0.1, 0.2, 0.3), "interpolation": "lanczos"})
    model(architecture).build(chosen, LABEL, seed=0).save(tmp_path)
    saved = INPUT.processor(tmp_path)
    assert (saved.mean, saved.std, saved.interpolation, saved.size) == ((0.1, 0.2, 0.3), own.std, "lanczos", 32)
    assert saved.crop_ratio == own.crop_ratio
    assert not [name for name in json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"] if "test" in name]


@pytest.mark.parametrize("architecture", [a for a, kind in KINDS.items() if kind != "transformers"])
def test_channels_last_changes_no_answer_and_is_kept(architecture: str, tmp_path: Path) -> None:
    last, first = network(architecture), network(architecture, channels_last=False)
    torch.testing.assert_close(last(**batch(last)), first(**batch(first)), rtol=1e-8, atol=1e-9)
    convolution = next(m for m in last.modules() if isinstance(m, nn.Conv2d) and max(m.weight.shape[1:]) > 1)
    crashes = architecture == "timm_resnet"  # eight channels into a strided 1 x 1 convolution
    assert last.channels_last is not crashes
    assert any("channels are not kept last" in note for note in last.notes) is crashes
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last) is not crashes
    first.float().save(tmp_path)
    loaded = model(architecture).load(tmp_path, INPUT, LABEL).eval()
    assert torch.equal(loaded(**batch(first)), first(**batch(first)))


@pytest.mark.parametrize("architecture", ["timm_resnet", "timm_vit"])
def test_gradient_checkpointing_changes_no_gradient(architecture: str) -> None:
    gradients = []
    for on in (False, True):
        built = network(architecture, gradient_checkpointing=on)
        built(**batch(built)).square().sum().backward()
        gradients.append({name: p.grad for name, p in built.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-8, atol=1e-9, msg=name)


@pytest.mark.parametrize("architecture", ["timm_resnet", "timm_mobilenet", "timm_vit", "torchvision_mobilenet"])
def test_dropout_is_overridden(architecture: str) -> None:
    """Batch norms are held in eval mode, so that only dropout can move the answers."""
    for rate, still in ((0.0, True), (0.5, False)):
        built = network(architecture, dropout=rate).train()
        for module in built.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        assert torch.equal(built(**batch(built)), built(**batch(built))) is still


LARGER = INPUT.model_copy(update={"size": 48})


@over_architectures
def test_pictures_of_another_size(architecture: str, tmp_path: Path) -> None:
    """Built for 48 instead of 32 pixels, saved, and loaded by burnish and by the plain library at that size: one answer."""
    built = model(architecture).build(LARGER, LABEL, seed=1).eval()
    pixels = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    logits = built(pixel_values=pixels)
    built.save(tmp_path)
    loaded = model(architecture).load(tmp_path, LARGER, LABEL).eval()
    assert torch.equal(loaded(pixel_values=pixels), logits)
    torch.testing.assert_close(plain(architecture, tmp_path)(pixels), logits, rtol=1e-4, atol=1e-5)


def test_position_embeddings_are_those_of_the_librarys_own_interpolation() -> None:
    """transformers: the what `interpolate_pos_encoding=True` gives on the network as it was; sizes off the patches are refused."""
    from transformers import AutoModelForImageClassification

    built = model("transformers_vit").build(LARGER, LABEL, seed=1).eval()
    assert any("interpolated from 32 to 48" in note for note in built.notes)
    pixels = torch.randn(2, 3, 48, 48)
    before = AutoModelForImageClassification.from_pretrained(checkpoint("transformers_vit")).eval()
    expected = before.base_model(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state.mean(dim=1)
    torch.testing.assert_close(built.features(pixel_values=pixels), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="patches of 8 x 8") as error:
        model("transformers_vit").build(INPUT.model_copy(update={"size": 45}), LABEL, seed=1)
    assert "size: 48" in str(error.value)


@pytest.mark.parametrize(
    ("architecture", "size"), [("timm_vit", 45), ("timm_vit", 8), ("torchvision_vit", 50), ("transformers_beit", 48)]
)
def test_a_size_the_architecture_cannot_take_is_refused(architecture: str, size: int, tmp_path: Path) -> None:
    """Before training, with the sizes named; nothing is padded or cut silently."""
    import transformers as t

    from burnish.core.component import build
    from burnish.models import Model

    target_input = INPUT.model_copy(update={"size": size, "mean": (0.5,) * 3, "std": (0.5,) * 3})
    if architecture == "torchvision_vit":
        made = build("burnish.models", {"kind": "torchvision", "name": "vit_b_32", "random_weights": True})
    elif architecture == "transformers_beit":
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        config = t.BeitConfig(**shape, image_size=32, patch_size=8, use_relative_position_bias=True, num_labels=3)
        t.AutoModelForImageClassification.from_config(config).save_pretrained(tmp_path)
        made = build("burnish.models", {"kind": "transformers", "name": str(tmp_path)})
    else:
        made = model(architecture)
    assert isinstance(made, Model)
    with pytest.raises(InputError) as error:
        made.build(target_input, LABEL, seed=0)
    assert str(size) in str(error.value) or "its own size" in str(error.value), error.value


def test_transformers_reads_how_pictures_are_prepared(tmp_path: Path) -> None:
    """`AutoImageProcessor` of the saved folder gives our numbers: exactly through Pillow, to a grey level through torchvision."""
    from transformers import AutoImageProcessor

    from tests.image_cases import picture

    model("transformers_vit").build(INPUT, LABEL, seed=0).save(tmp_path)
    for interpolation in ("bilinear", "bicubic"):
        chosen = INPUT.model_copy(update={"crop_ratio": 0.8, "interpolation": interpolation})
        processor = chosen.processor(checkpoint("transformers_vit"))
        chosen.save_processor(processor, tmp_path)
        for n, (width, height) in enumerate([(61, 40), (40, 61), (20, 33), (100, 100)]):
            shown = picture(n, width, height)
            ours = torch.from_numpy(processor.numbers(shown))
            for backend, allowed in (("pil", 1e-5), ("torchvision", 1.5 / 255 / min(processor.std))):
                theirs = AutoImageProcessor.from_pretrained(tmp_path, backend=backend)(shown, return_tensors="pt")
                torch.testing.assert_close(theirs["pixel_values"][0], ours, rtol=0, atol=allowed)
        (tmp_path / "image_processor.json").unlink()
        assert INPUT.processor(tmp_path).settings() == processor.settings(), "read back from transformers' own file"
