"""Networks for images over tiny checkpoints, each written by the plain library, as the suites of models and adapters need them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from burnish.core.component import build
from burnish.core.network import Network
from burnish.inputs.image import Image
from burnish.models import Model
from burnish.targets import Target
from tests.network_cases import LABEL

INPUT = Image(size=32)
SMALL_RESNET = {"layers": [1, 1, 1, 1], "channels": [8, 16, 24, 32]}
SMALL_VIT = {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}
TIMM: dict[str, tuple[str, dict[str, Any]]] = {
    "timm_resnet": ("resnet18", SMALL_RESNET),
    "timm_mobilenet": ("mobilenetv3_small_050", {}),
    "timm_vit": ("vit_tiny_patch16_224", SMALL_VIT),
}
TORCHVISION = {"torchvision_mobilenet": ("mobilenet_v2", {"width_mult": 0.25})}
TRANSFORMERS = ("transformers_vit", "transformers_resnet")
KINDS = {**dict.fromkeys(TIMM, "timm"), **dict.fromkeys(TORCHVISION, "torchvision")}
KINDS |= dict.fromkeys(TRANSFORMERS, "transformers")
LAYERS = {
    "timm_resnet": 4,
    "timm_mobilenet": 12,
    "timm_vit": 2,
    "torchvision_mobilenet": 18,
    "transformers_vit": 2,
    "transformers_resnet": 2,
}

_folders: list[TemporaryDirectory[str]] = []


@cache
def checkpoint(architecture: str) -> Path:
    """A tiny checkpoint with 5 classes that all tests of a process read and none changes."""
    _folders.append(TemporaryDirectory())
    folder = Path(_folders[-1].name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if architecture in TIMM:
            _timm(folder, *TIMM[architecture])
        elif architecture in TORCHVISION:
            _torchvision(folder, *TORCHVISION[architecture])
        else:
            _transformers(folder, architecture)
    return folder


def model(architecture: str, **settings: Any) -> Model:
    """The model component over the tiny checkpoint."""
    made = build("burnish.models", {"kind": KINDS[architecture], "name": str(checkpoint(architecture)), **settings})
    assert isinstance(made, Model)
    return made


def network(architecture: str, target: Target = LABEL, *, seed: int = 1, **settings: Any) -> Network:
    """A fresh network in eval mode, in float64 so that comparisons are sharp."""
    return model(architecture, **settings).build(INPUT, target, seed=seed).eval().double()


def plain(architecture: str, folder: Path) -> Any:
    """What the library alone makes of a folder: pixels to logits."""
    if architecture in TIMM:
        import timm

        return timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    if architecture in TORCHVISION:
        import torchvision

        config = json.loads((folder / "config.json").read_text())
        name, settings = TORCHVISION[architecture]
        made = torchvision.models.get_model(name, num_classes=config["num_classes"], **settings)
        made.load_state_dict(load_file(folder / "model.safetensors"))
        return made.eval()
    from transformers import AutoModelForImageClassification

    found = AutoModelForImageClassification.from_pretrained(folder).eval()
    return lambda pixels: found(pixel_values=pixels).logits


def label_names(folder: Path) -> list[str]:
    """The names of the answers, as the library's config.json has them."""
    config = json.loads((folder / "config.json").read_text())
    return list(config["label_names"] if "label_names" in config else config["id2label"].values())


def _timm(folder: Path, name: str, settings: dict[str, Any]) -> None:
    import timm
    from timm.models._hub import save_for_hf

    made = timm.create_model(name, num_classes=5, **settings)
    _lively(made)
    save_for_hf(made, str(folder), safe_serialization=True)


def _torchvision(folder: Path, name: str, settings: dict[str, Any]) -> None:
    import torchvision

    made = torchvision.models.get_model(name, num_classes=5, **settings)
    _lively(made)
    save_file(made.state_dict(), folder / "model.safetensors")
    pictures = {"input_size": [3, 32, 32], "crop_pct": 0.9, "mean": [0.5, 0.4, 0.3], "std": [0.3, 0.2, 0.1]}
    config = {"library": "torchvision", "architecture": name, "num_classes": 5, "model_args": settings}
    (folder / "config.json").write_text(json.dumps({**config, "pretrained_cfg": pictures}))


def _transformers(folder: Path, architecture: str) -> None:
    import transformers as t

    t.utils.logging.disable_progress_bar()
    config: Any
    if architecture == "transformers_vit":
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        config = t.ViTConfig(**shape, image_size=32, patch_size=8, num_labels=5, initializer_range=0.1)
    else:
        sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
        config = t.ResNetConfig(**sizes, layer_type="basic", num_labels=5)
    made = t.AutoModelForImageClassification.from_config(config)
    _lively(made)
    made.save_pretrained(folder)
    told = {"size": 32, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.3, 0.2, 0.1], "resample": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))


def _lively(module: torch.nn.Module) -> None:
    """Running statistics other than those a fresh network has, so that losing them is seen."""
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(torch.randn(4, 3, 32, 32) * 2 + 0.5)
    module.eval()
