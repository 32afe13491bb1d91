"""A tiny checkpoint of CLAP with random weights."""

from __future__ import annotations

from pathlib import Path

import torch

from tests import music_cases as cases
from tests.checkpoints import byte_tokenizer

RATE, HOP = 48000, 1024


def checkpoint(folder: Path) -> Path:
    """A real configuration at small widths with random weights, which hears a second."""
    import transformers as t

    tokenizer = byte_tokenizer(cases.CAPTIONS)
    text = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "projection_dim": 16,
    }
    sound = {
        "hidden_size": 32, "patch_embeds_hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "window_size": 2,
        "spec_size": 64, "num_mel_bins": 64, "projection_dim": 16, "num_hidden_layers": 2,
    }  # fmt: skip
    text |= {"vocab_size": len(tokenizer), "pad_token_id": 0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = t.ClapModel(t.ClapConfig(text_config=text, audio_config=sound, projection_dim=16))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    t.ClapFeatureExtractor(feature_size=64, sampling_rate=RATE, hop_length=HOP, max_length_s=1).save_pretrained(folder)
    return folder
