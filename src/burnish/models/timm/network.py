"""Networks of timm: making them, loading them, and their face of `Network`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.models._anatomy import Anatomy
from burnish.models._vision.anatomy import by_groups, by_order
from burnish.models._vision.network import VisionNetwork
from burnish.models._vision.weights import Tensors


class TimmNetwork(VisionNetwork):
    """An image classifier of timm."""

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the last layer reads of `pixel_values`, pooled: [B, D]."""
        states = self.model.forward_features(self.pixels(inputs))
        pooled: torch.Tensor = self.model.forward_head(states, pre_logits=True)
        return pooled

    @property
    def library(self) -> str:
        """timm."""
        return "timm"

    def made_with(self, arguments: dict[str, Any]) -> nn.Module:
        """As `VisionNetwork.made_with`."""
        import timm
        from timm.models import get_model_args

        own = get_model_args(self.model)
        architecture = self.model.pretrained_cfg["architecture"]
        settings = {**own, "num_classes": self.model.num_classes, **arguments}
        with torch.device("meta"):
            made: nn.Module = timm.create_model(architecture, pretrained=False, **settings)
        return made

    def write_config(self, model: Any, folder: Path) -> None:
        """Write config.json as timm's own export does: architecture, arguments, `pretrained_cfg`, label names."""
        from timm.models._hub import save_config_for_hf

        facts = self.told()
        save_config_for_hf(model, str(folder / "config.json"), model_config=facts)


def known(name: str) -> bool:
    """Whether timm has an architecture of this name, with or without the tag of its weights."""
    import timm

    return bool(timm.is_model(name.partition(".")[0]))


def architecture_config(name: str) -> dict[str, Any]:
    """What timm says of an architecture, and of the weights its tag names, in the layout of config.json.

    Raises:
        InputError: timm has no weights of this tag.
    """
    import timm

    architecture, _, tag = name.partition(".")
    tags = [full.partition(".")[2] for full in timm.list_models(f"{architecture}.*", pretrained=True)]
    if tag and tag not in tags:
        raise InputError(
            f"timm has no weights {tag!r} of {architecture!r}",
            expected="one of " + ", ".join(tags) if tags else f"{architecture!r} alone: timm has no weights of it",
            place="model.name",
        )
    pretrained = timm.get_pretrained_cfg(name)  # None where timm knows no weights: then nothing is stated
    stated: dict[str, Any] = pretrained.to_dict(remove_source=True, remove_null=True) if pretrained else {}
    stated.pop("architecture", None)
    plain: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else v for k, v in stated.items()}
    return {"architecture": architecture, "num_classes": int(plain.get("num_classes", 1000)), "pretrained_cfg": plain}


def hub_id(name: str) -> str | None:
    """The hub repository with timm's weights of an architecture; None where there is none in timm's own layout."""
    import timm

    pretrained = timm.get_pretrained_cfg(name)
    if pretrained is None or not pretrained.hf_hub_id or getattr(pretrained, "hf_hub_filename", None):
        return None
    return str(pretrained.hf_hub_id)


def made(folder: Path, config: dict[str, Any], outputs: int, settings: dict[str, Any]) -> Any:
    """The module with a head of `outputs` logits and random weights.

    Args:
        folder: with config.json.
        config: its content.
        outputs: how many logits.
        settings: rates of dropout, the size of pictures where the architecture must know it.

    Raises:
        InputError: unknown architecture, or a setting it does not take.
    """
    import timm

    if not known(config["architecture"]):
        raise InputError(
            f"timm has no architecture {config['architecture']!r}", fix="update timm", place=str(folder / "config.json")
        )
    try:
        return timm.create_model(f"local-dir:{folder}", pretrained=False, num_classes=outputs, **settings)
    except (TypeError, ValueError, AssertionError, RuntimeError, KeyError) as error:
        said = ", ".join(f"{name}: {value}" for name, value in settings.items())
        raise InputError(
            f"the architecture {config['architecture']!r} cannot be made{f' with {said}' if said else ''}: {error}",
            fix="leave out the settings it does not take",
            place="model",
        ) from error


def sized(config: dict[str, Any], shape: tuple[int, int, int]) -> dict[str, Any]:
    """Arguments for another number of channels, and for another size where the architecture must be told."""
    stated, arguments = config.get("pretrained_cfg", {}), config.get("model_args", {})
    usual = list(stated.get("input_size") or (3, 224, 224))
    usual_sides = arguments.get("img_size", usual[1:])
    usual_sides = list(usual_sides) if isinstance(usual_sides, (list, tuple)) else [usual_sides, usual_sides]
    wanted = list(shape[1:])
    side: Any = wanted[0] if wanted[0] == wanted[1] else wanted
    size = {"img_size": side} if wanted != usual_sides and stated.get("fixed_input_size") else {}
    return {"in_chans": shape[0], **size} if shape[0] != arguments.get("in_chans", usual[0]) else size


def check_patches(model: Any, shape: tuple[int, int, int]) -> None:
    """That patches cover pictures [channels, height, width] of this size: timm would leave out what is over.

    Raises:
        InputError: they do not.
    """
    from timm.layers import PatchEmbed

    embedding = getattr(model, "patch_embed", None)
    if not isinstance(embedding, PatchEmbed) or embedding.dynamic_img_pad:
        return
    patch = embedding.patch_size
    if all(side >= patch_side and side % patch_side == 0 for side, patch_side in zip(shape[1:], patch, strict=True)):
        return
    wanted = [max(1, round(side / patch_side)) * patch_side for side, patch_side in zip(shape[1:], patch, strict=True)]
    sound = shape[0] == 1
    raise InputError(
        f"pictures of {shape[1]} x {shape[2]} cannot be cut into patches of {patch[0]} x {patch[1]}",
        expected=f"a multiple of {patch[0]}" + (" bands and frames" if sound else ""),
        fix=f"choose input.mels and input.seconds so that there are {wanted[0]} bands and {wanted[1]} frames"
        if sound
        else f"input: {{size: {wanted[0]}}}",
        place="input" if sound else "input.size",
    )


def usual_shape(model: Any) -> tuple[int, ...] | None:
    """Channels, height and width of the pictures the architecture was made for; None where it does not say."""
    stated = model.pretrained_cfg.get("input_size")
    return tuple(map(int, stated)) if stated else None


def converted(model: nn.Module, state: Tensors, place: str, channels: int = 3) -> Tensors:
    """The state dict under timm's names, position embeddings interpolated to the network's size.

    Weights for pictures of three channels become weights for one by timm's own rule: summed over the channels.

    Raises:
        InputError: the architecture's own conversion fails on it.
    """
    module = importlib.import_module(type(model).__module__)
    convert = getattr(module, "checkpoint_filter_fn", None)
    state = _channels(model, state, channels)
    if convert is None:
        return state
    try:
        renamed = convert(dict(state), model)
    except (KeyError, RuntimeError, ValueError, IndexError, AttributeError, AssertionError) as error:
        raise InputError(
            f"the weights do not fit the architecture: {error!r}",
            fix="name the architecture these weights belong to",
            place=place,
        ) from error
    return {name: value for name, value in dict(renamed).items() if isinstance(value, torch.Tensor)}


def _channels(model: Any, state: Tensors, channels: int) -> Tensors:
    from timm.models import adapt_input_conv

    first = model.pretrained_cfg.get("first_conv") or ()
    names = [f"{path}.weight" for path in ([first] if isinstance(first, str) else first)]
    fitting = [name for name in names if name in state and state[name].ndim == 4 and state[name].shape[1] == 3]
    return {**state, **{name: adapt_input_conv(channels, state[name]) for name in fitting}} if channels != 3 else state


def head_paths(model: Any) -> list[str]:
    """Paths of the modules that give the logits.

    Raises:
        InputError: the architecture is no classifier.
    """
    classifier = model.get_classifier() if hasattr(model, "get_classifier") else None
    layers = list(classifier) if isinstance(classifier, (tuple, list)) else [classifier]
    paths = [path for path, module in model.named_modules() if any(module is layer for layer in layers)]
    paths = [path for path in paths if any(True for _ in model.get_submodule(path).parameters())]
    if not paths:
        raise InputError("this architecture of timm has no classifier", place="model.name")
    return paths


def anatomy(model: Any, head: Sequence[str]) -> Anatomy:
    """Depths by timm's own layer groups, or by the order of blocks where it has none."""
    from timm.models import group_parameters

    names = [name for name, _ in model.named_parameters() if any(name.startswith(f"{path}.") for path in head)]
    if not hasattr(model, "group_matcher"):
        return by_order(model, names)
    groups = group_parameters(model, model.group_matcher(coarse=False), reverse=True)
    return by_groups(model, groups, names)
