"""A small encoder of speech that learns on two cores: the lowest layers of Whisper."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any


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
    model.save_pretrained(folder)
    shutil.copyfile(checkpoint / "preprocessor_config.json", folder / "preprocessor_config.json")
    return folder
