"""Small encoders of speech that learn on two cores: the lowest layers of Whisper, or a network of its kind drawn from a seed."""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

STATED = ("preprocessor_config.json",)


def lowest_layers(checkpoint: Path, folder: Path, layers: int) -> Path:
    """Whisper's encoder up to so many layers, as a model of classes of sounds; its head is drawn when it learns."""
    import torch
    from safetensors import safe_open
    from transformers import WhisperConfig, WhisperForAudioClassification

    config: Any = WhisperConfig.from_pretrained(checkpoint)
    config.encoder_layers = layers
    model: Any = WhisperForAudioClassification(config)
    with safe_open(checkpoint / "model.safetensors", "pt") as kept:
        names = {name.removeprefix("model."): name for name in kept.keys() if ".encoder." in name}  # noqa: SIM118
        state = {ours: kept.get_tensor(names[ours]).to(torch.float32) for ours in model.state_dict() if ours in names}
    missing = [name for name in model.load_state_dict(state, strict=False).missing_keys if name.startswith("encoder.")]
    if missing:
        sys.exit(f"{checkpoint} lacks {', '.join(missing)}")
    return _written(model, checkpoint, folder)


def drawn(checkpoint: Path, folder: Path, *, width: int, layers: int, heads: int, seed: int = 0) -> Path:
    """An encoder of Whisper's kind with random weights; of `checkpoint` only what it says of sounds is taken."""
    import torch
    from transformers import WhisperConfig, WhisperForAudioClassification

    torch.manual_seed(seed)
    config: Any = WhisperConfig(
        d_model=width, encoder_layers=layers, encoder_attention_heads=heads, encoder_ffn_dim=4 * width, dropout=0.1,
        decoder_layers=1, decoder_attention_heads=heads, decoder_ffn_dim=width, vocab_size=8, pad_token_id=0,
        bos_token_id=0, eos_token_id=0, decoder_start_token_id=0, classifier_proj_size=width,
    )  # fmt: skip
    model: Any = WhisperForAudioClassification(config)
    with torch.no_grad():
        for layer in (model.encoder.conv1, model.encoder.conv2):  # so that what is heard is as large as where it stands
            torch.nn.init.normal_(layer.weight, std=math.sqrt(2 / (layer.in_channels * layer.kernel_size[0])))
        model.encoder.embed_positions.weight.mul_(0.3)
    return _written(model, checkpoint, folder)


def _written(model: Any, checkpoint: Path, folder: Path) -> Path:
    model.save_pretrained(folder)
    for name in STATED:
        shutil.copyfile(checkpoint / name, folder / name)
    (folder / "origin.json").write_text(json.dumps({"checkpoint": checkpoint.name}), encoding="utf-8")
    return folder
