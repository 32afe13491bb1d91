"""Which language a checkpoint hears."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from burnish.core.batch import Array
from burnish.core.collecting import importing
from burnish.media.transcript.decoder_tokens import languages
from burnish.models.transformers.configuration import quiet


def languages_heard(folder: Path, features: Array, notify: Callable[[str, int, int], None]) -> list[str]:
    """The most probable language of each recording, by the checkpoint's own first step.

    Args:
        folder: a multilingual checkpoint of Whisper.
        features: float32 [N, bands, frames], padded to its full window.
        notify: told how many were heard.
    """
    with importing():
        from transformers import AutoModelForSpeechSeq2Seq

    tokens = languages(folder)
    names, ids = list(tokens), torch.tensor(list(tokens.values()))
    heard: list[str] = []
    with quiet(), torch.inference_mode():
        model = AutoModelForSpeechSeq2Seq.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
        start = torch.full((1, 1), model.config.decoder_start_token_id)
        for row in features:
            logits = model(input_features=torch.from_numpy(row[None]), decoder_input_ids=start).logits[0, -1]
            heard.append(names[int(logits[ids].argmax())])
            notify("listening for the language", len(heard), len(features))
    return heard
