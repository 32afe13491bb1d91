"""Low-rank parts inside a network: finding, merging and saving them, for any library's module that peft adapts in place."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn


def has_low_rank(module: nn.Module) -> bool:
    """Whether peft layers are inside."""
    return any("lora_" in name for name, _ in module.named_parameters())


def merge_in_place(module: nn.Module) -> None:
    """Add every low-rank part to its weight, in float32, and put the plain layers back.

    A module of lower precision becomes float32: rounding the sum would change answers.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    module.float()
    adapted = [(path, layer) for path, layer in module.named_modules() if isinstance(layer, BaseTunerLayer)]
    for path, layer in adapted:
        layer.merge()
        parent, _, name = path.rpartition(".")
        setattr(module.get_submodule(parent), name, layer.get_base_layer())
    if hasattr(module, "peft_config"):
        del module.peft_config


def merged_copy(module: Any) -> Any:
    """A float32 copy of the module with its low-rank parts merged; the module itself stays as it is."""
    copied = copy.deepcopy(module)
    merge_in_place(copied)
    return copied


def save_adapter(module: Any, head: Sequence[str], folder: Path, origin: str | None = None) -> None:
    """Write the low-rank parts and the whole head as peft does, for `PeftModel.from_pretrained(base, folder)`.

    Args:
        module: the adapted module.
        head: paths of the modules trained as a whole.
        folder: gets adapter_config.json and adapter_model.safetensors.
        origin: hub name of the checkpoint the adapter belongs to, if it has one.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    tensors = dict(get_peft_model_state_dict(module, save_embedding_layers=False))
    for path in head:
        for name, value in module.get_submodule(path).state_dict().items():
            tensors[f"{path}.{name}"] = value
    config = copy.deepcopy(module.peft_config["default"])
    config.modules_to_save = list(head)
    config.target_modules = sorted(config.target_modules)
    config.inference_mode = True
    config.base_model_name_or_path = origin
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    plain = {f"base_model.model.{name}": _plain(value) for name, value in sorted(tensors.items())}
    save_file(plain, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _plain(value: torch.Tensor) -> torch.Tensor:
    return value.detach().cpu().contiguous().clone()
