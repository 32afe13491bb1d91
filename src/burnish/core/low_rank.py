"""Low-rank parts inside a network: finding, merging and saving them, for any library's module that peft adapts in place."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError

_ROWS = ".token_adapter"
"""Where peft keeps the rows of tokens that learn: inside what stands in the place of the embeddings."""


def has_low_rank(module: nn.Module) -> bool:
    """Whether peft layers are inside."""
    return any("lora_" in name for name, _ in module.named_parameters())


def merge_in_place(module: nn.Module) -> None:
    """Add every low-rank part to its weight, and put rows of tokens into theirs, in float32; the layers are plain again.

    A module of lower precision, four bits included, becomes float32: rounding the sum would change answers.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = [(path, layer) for path, layer in module.named_modules() if isinstance(layer, BaseTunerLayer)]
    small = [(path, layer) for path, layer in adapted if _in_four_bits(layer.get_base_layer())]
    for path, layer in small:
        _put(
            module,
            path,
            _whole(layer.get_base_layer(), [layer.get_delta_weight(name) for name in layer.active_adapters]),
        )
    _put_whole(module)
    module.float()
    for path, layer in (pair for pair in adapted if pair not in small):
        layer.merge()  # of tied matrices each layer does it to the one there is
        _put(module, path.removesuffix(_ROWS), layer.get_base_layer())
    if hasattr(module, "peft_config"):
        del module.peft_config


def _put(module: nn.Module, path: str, layer: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, layer)


def _put_whole(module: nn.Module) -> None:
    """Linear layers of four bits as plain ones, where there are any; and the model no longer says that it has some."""
    small = [(path, layer) for path, layer in module.named_modules() if _in_four_bits(layer)]
    for path, layer in small:
        _put(module, path, _whole(layer, []))
    settings: Any = getattr(module, "config", None)
    if getattr(settings, "quantization_config", None) is not None:
        del settings.quantization_config
        module.is_quantized = module.is_loaded_in_4bit = False  # type: ignore[assignment, unused-ignore]
        module.hf_quantizer = None  # type: ignore[assignment, unused-ignore]


def _in_four_bits(layer: nn.Module) -> bool:
    return hasattr(getattr(layer, "weight", None), "quant_state")


def _whole(layer: Any, updates: Sequence[torch.Tensor]) -> nn.Linear:
    """A plain float32 layer of one of four bits: what its numbers stand for, plus updates."""
    from bitsandbytes.functional import dequantize_4bit

    state = copy.copy(layer.weight.quant_state)
    state.dtype = torch.float32
    weight = sum((update.float() for update in updates), dequantize_4bit(layer.weight.data, state))
    plain = nn.Linear(weight.shape[1], weight.shape[0], bias=layer.bias is not None, device="meta")
    plain.weight = nn.Parameter(weight, requires_grad=False)
    if layer.bias is not None:
        plain.bias = nn.Parameter(layer.bias.detach().float(), requires_grad=False)
    return plain


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


def lay_over(module: Any, folder: Path) -> None:
    """Put a saved adapter beside the weights of a module, in place, as they were when it was saved.

    Args:
        module: of the checkpoint that the adapter belongs to.
        folder: with adapter_config.json and adapter_model.safetensors.

    Raises:
        InputError: no adapter there, or one for another network.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        laid = PeftModel.from_pretrained(module, str(folder), is_trainable=False)
    except (RuntimeError, ValueError, OSError, KeyError, SafetensorError) as error:
        raise InputError(
            f"the adapter cannot be laid over this checkpoint: {str(error).strip().splitlines()[0][:300]}",
            expected="the checkpoint that it was trained on",
            fix="name that checkpoint, or bring it back where the run found it",
            place=str(folder),
        ) from error
    missing = [name for name, _ in laid.named_parameters() if "lora_" in name and "default" not in name]
    if missing:
        raise InputError(f"the adapter lacks {missing[0]}", place=str(folder))


def _plain(value: torch.Tensor) -> torch.Tensor:
    return value.detach().cpu().contiguous().clone()
