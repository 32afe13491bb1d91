"""Networks of torchvision: making them, loading them, and their face of `Network`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.files import write_json
from burnish.models._vision.network import VisionNetwork
from burnish.models._vision.same_padding import pad_as_tensorflow
from burnish.models._vision.weights import Tensors

# Their published weights expect `transform_input`; their auxiliary heads serve only training from scratch.
EXTRA = {
    name: {"aux_logits": False, "init_weights": True, "transform_input": True} for name in ("googlenet", "inception_v3")
}


class TorchvisionNetwork(VisionNetwork):
    """An image classifier of torchvision."""

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the last layer reads of `pixel_values`: [B, D]; a mean over places where it is a convolution."""
        seen: list[torch.Tensor] = []
        handle = self.model.get_submodule(self._head[0]).register_forward_pre_hook(
            lambda module, arguments: seen.append(arguments[0])
        )
        try:
            self.model(self.pixels(inputs))
        finally:
            handle.remove()
        return seen[0].mean(dim=(2, 3)) if seen[0].ndim == 4 else seen[0]

    @property
    def library(self) -> str:
        """torchvision."""
        return "torchvision"

    def made_with(self, arguments: dict[str, Any]) -> nn.Module:
        """As `VisionNetwork.made_with`."""
        settings = {**self.facts.get("model_args", {}), **arguments}
        with torch.device("meta"):
            plain: nn.Module = made(self.facts, int(self.facts["num_classes"]), settings, None)
        return plain

    def write_config(self, model: Any, folder: Path) -> None:
        """Write config.json: library, architecture and arguments of its function, label names, pictures, padding."""
        write_json(folder / "config.json", self.told())


def names() -> list[str]:
    """The image classifiers of torchvision."""
    import torchvision

    return list(torchvision.models.list_models(module=torchvision.models))


def architecture_config(name: str) -> dict[str, Any]:
    """What torchvision says of an architecture and of its usual weights, in the layout of config.json."""
    import torchvision

    weights = torchvision.models.get_model_weights(name).DEFAULT
    told = weights.transforms()
    size, short = int(told.crop_size[0]), int(told.resize_size[0])
    pictures = {
        "input_size": [3, size, size],
        "crop_pct": size / short,
        "interpolation": told.interpolation.value,
        "mean": list(told.mean),
        "std": list(told.std),
    }
    return {
        "library": "torchvision",
        "architecture": name,
        "num_classes": len(weights.meta["categories"]),
        "pretrained_cfg": pictures,
    }


def made(config: dict[str, Any], outputs: int, settings: dict[str, Any], padding: str | None) -> Any:
    """The module with a head of `outputs` logits and random weights.

    Args:
        config: config.json.
        outputs: how many logits.
        settings: further arguments of the function.
        padding: 'tensorflow', or None for torchvision's own.

    Raises:
        InputError: unknown architecture, or a setting it does not take.
    """
    import torchvision

    name = config["architecture"]
    if name not in names():
        raise InputError(f"torchvision has no architecture {name!r}", fix="update torchvision", place="model.name")
    try:
        model = torchvision.models.get_model(name, weights=None, num_classes=outputs, **EXTRA.get(name, {}), **settings)
    except (TypeError, ValueError, AssertionError) as error:
        said = ", ".join(f"{key}: {value}" for key, value in settings.items())
        raise InputError(
            f"the architecture {name!r} cannot be made with {said}: {error}",
            fix="leave out the settings it does not take",
            place="model",
        ) from error
    if padding == "tensorflow" and not pad_as_tensorflow(model):
        raise InputError(f"{name!r} has no strided convolution", fix="leave `padding` out", place="model.padding")
    return model


def sized(name: str, size: int) -> dict[str, Any]:
    """The argument that tells an architecture the size of pictures, where it must be told."""
    if name.startswith("vit_"):
        return {"image_size": size}
    return {"input_size": (size, size)} if name.startswith("maxvit") else {}


def converted(name: str, model: Any, state: Tensors) -> Tensors:
    """Position embeddings interpolated to the network's size; names of old DenseNet files made new."""
    import re

    import torchvision

    if name.startswith("densenet"):
        old = re.compile(
            r"(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$"
        )
        return {old.sub(r"\1\2", key): value for key, value in state.items()}
    key = "encoder.pos_embedding"
    embedding = model.state_dict().get(key)
    if name.startswith("vit_") and key in state and embedding is not None and embedding.shape[1] != state[key].shape[1]:
        interpolate = torchvision.models.vision_transformer.interpolate_embeddings
        return dict(interpolate(model.image_size, model.patch_size, dict(state)))
    return state


def downloaded(name: str) -> Tensors:
    """torchvision's usual weights of an architecture, from its cache or the net.

    Raises:
        InputError: neither.
    """
    import torchvision

    try:
        return dict(
            torchvision.models.get_model_weights(name).DEFAULT.get_state_dict(
                progress=False, check_hash=True, weights_only=True
            )
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"there are no weights for {name!r}: none are given, and they cannot be downloaded ({error})",
            fix="give `weights` (a .safetensors or .pth file), a local folder, or `random_weights: true`",
            place="model.weights",
        ) from error


def head_path(model: nn.Module, outputs: int) -> str:
    """Path of the layer that gives the logits: the last linear one, or the last convolution (SqueezeNet)."""
    for kind, size in ((nn.Linear, "out_features"), (nn.Conv2d, "out_channels")):
        layers = [path for path, module in model.named_modules() if isinstance(module, kind)]
        if layers and getattr(model.get_submodule(layers[-1]), size) == outputs:
            return str(layers[-1])
    raise InputError("this architecture of torchvision has no layer of its own for the logits", place="model.name")


def set_dropout(model: nn.Module, rate: float) -> None:
    """Override every dropout rate.

    Raises:
        InputError: the architecture has no dropout.
    """
    dropouts = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    if not dropouts:
        raise InputError(
            f"dropout is {rate:g}, but the architecture {type(model).__name__} has no dropout",
            fix="leave `dropout` out",
            place="model.dropout",
        )
    for module in dropouts:
        module.p = rate
