"""A checkpoint of transformers made smaller: a folder that plain transformers reads."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from burnish.core.errors import InputError
from burnish.models.transformers.configuration import quiet
from burnish.models.transformers.narrowed import narrow
from burnish.models.transformers.shrunken import PLACE, keep_columns, keep_heads, keep_layers
from burnish.models.transformers.trimming import keep_tokens, write_tokenizer

WEIGHTS = ("*.safetensors", "*.bin", "*.index.json", "config.json", "adapter")


def write_student(teacher: Path, out: Path, shape: dict[str, int | None], *, texts: Path | None = None) -> str:
    """A smaller copy of a checkpoint, in an empty folder.

    Args:
        teacher: the checkpoint's folder, in the library's own layout.
        out: is there, and empty; gets tokenizer and settings as well.
        shape: layers, encoder_layers, heads, feed_forward, width: what stays, or None for all.
        texts: a file of texts whose tokens stay; None: all stay.

    Returns:
        How large it is, in words.

    Raises:
        InputError: it cannot be made that small, or plain transformers would read it otherwise.
    """
    model = opened(teacher)
    before = sum(p.numel() for p in model.parameters())
    _cut(model, shape)
    tokenizer = None if texts is None else keep_tokens(model, teacher, texts)
    with quiet():
        model.save_pretrained(out)
    for path in teacher.iterdir():
        if path.is_file() and not any(path.match(pattern) for pattern in WEIGHTS):
            shutil.copy2(path, out / path.name)
    if tokenizer is not None:
        write_tokenizer(tokenizer, out)
    _require_readable(model, out)
    after = sum(p.numel() for p in model.parameters())
    tokens = "" if tokenizer is None else f", {tokenizer.get_vocab_size():,} tokens"
    return f"{after / 1e6:.1f} M of {before / 1e6:.1f} M parameters{tokens}"


def opened(folder: Path) -> Any:
    """The model of a checkpoint with the head it was saved with, in eval mode and float32.

    Raises:
        InputError: config.json names no architecture of this version of transformers.
    """
    import transformers

    with quiet():
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        names = config.architectures or []
        cls = getattr(transformers, names[0], None) if names else None
        if cls is None:
            raise InputError(
                f"config.json names the architecture {names[:1]}",
                expected="one that transformers has",
                place=str(folder),
            )
        model = cls.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32)
    return model.eval()


def _cut(model: Any, shape: dict[str, int | None]) -> None:
    from burnish.core.stacks import stacks_of

    stacks = stacks_of(model)
    if not stacks and any(shape.values()):
        raise InputError(f"{type(model).__name__} has no stack of equal blocks", place=PLACE)
    if not any(shape.values()):
        return
    last = stacks[-1]
    if (layers := shape.get("layers")) is not None:
        several = ("decoder_layers",) if len(stacks) > 1 else ()
        keep_layers(model, last, layers, **({"names": several} if several else {}))
        if several and hasattr(model.config, "num_hidden_layers") and "num_hidden_layers" in vars(model.config):
            model.config.num_hidden_layers = len(stacks[0])
    if (layers := shape.get("encoder_layers")) is not None:
        if len(stacks) < 2:
            raise InputError("this network has no encoder of its own", fix="layers in its place", place=PLACE)
        keep_layers(model, stacks[0], layers, names=("encoder_layers",))
    if (width := shape.get("width")) is not None:
        narrow(model, last, width)
    for name, keep in (("heads", keep_heads), ("feed_forward", keep_columns)):
        if (count := shape.get(name)) is not None:
            if len(stacks) > 1:
                raise InputError("of encoder and decoder only blocks are cut", fix="layers", place=f"{PLACE}.{name}")
            keep(model, last, count)


def _require_readable(model: Any, folder: Path) -> None:
    """That what plain transformers reads from the folder answers as the model in memory does."""
    again = opened(folder)
    theirs = dict(again.named_parameters())
    for name, value in model.named_parameters():
        if name not in theirs or not torch.equal(theirs[name], value):
            raise InputError(f"{name} is not read back as it was written", place=PLACE)
    for (name, one), (_, other) in zip(model.named_modules(), again.named_modules(), strict=True):
        told = [(k, getattr(one, k), getattr(other, k)) for k in _TOLD if hasattr(one, k) and hasattr(other, k)]
        wrong = next((k for k, a, b in told if a != b and not isinstance(a, torch.Tensor)), None)
        if wrong:
            raise InputError(
                f"config.json cannot say the {wrong} of {name} once blocks are left out",
                expected="blocks that are alike",
                fix="another number of layers",
                place=PLACE,
            )


_TOLD = ("layer_idx", "is_local", "attention_type", "sliding_window", "layer_type", "is_causal")
"""What blocks may have of their own, by their number."""
