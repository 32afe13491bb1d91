"""Networks for sounds over tiny checkpoints, each written by the plain library, and rows that they hear."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from burnish.core.component import build
from burnish.core.network import Network
from burnish.inputs.audio import Audio
from burnish.models import Model
from burnish.targets import Target
from tests.network_cases import LABEL
from tests.sound_cases import sound

RATE = 16000
SPEECH = ("wav2vec2", "wav2vec2_group", "hubert", "wavlm")
TRANSFORMERS = (*SPEECH, "ast", "whisper")
TIMM: dict[str, tuple[str, dict[str, Any]]] = {
    "timm_resnet": ("resnet10t", {"channels": [8, 16, 24, 32]}),
    "timm_vit": ("vit_tiny_patch16_224", {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}),
}
ARCHITECTURES = (*TRANSFORMERS, *TIMM)
MASKED = ("wav2vec2", "hubert", "wavlm")
"""Those that are told what is padding."""
SPEECH_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 8, 8),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 16,
    "layerdrop": 0.0,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "final_dropout": 0.0,
    "feat_proj_dropout": 0.0,
    "initializer_range": 0.1,
    "num_labels": 5,
    "num_buckets": 32,
}
_folders: list[TemporaryDirectory[str]] = []


@cache
def checkpoint(architecture: str) -> Path:
    """A tiny checkpoint with 5 classes that all tests of a process read and none changes."""
    _folders.append(TemporaryDirectory())
    folder = Path(_folders[-1].name)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        written(architecture, folder)
    return folder


def written(architecture: str, folder: Path, **more: Any) -> Path:
    """Write a checkpoint; `more` goes into its configuration."""
    import transformers as t

    t.utils.logging.disable_progress_bar()
    if architecture in TIMM:
        import timm
        from timm.models._hub import save_for_hf

        name, settings = TIMM[architecture]
        save_for_hf(timm.create_model(name, num_classes=5, **settings), str(folder), safe_serialization=True)
        return folder
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "hidden_size": 32}
    extractor: Any = t.Wav2Vec2FeatureExtractor(return_attention_mask=architecture in MASKED, do_normalize=True)
    config: Any
    if architecture in SPEECH:
        cls = {"hubert": t.HubertConfig, "wavlm": t.WavLMConfig}.get(architecture, t.Wav2Vec2Config)
        norm = {"feat_extract_norm": "layer" if architecture in MASKED else "group"}
        stable = {"do_stable_layer_norm": True} if architecture in MASKED else {}
        config = cls(**{**SPEECH_SIZES, **norm, **stable, **more})
    elif architecture == "ast":
        config = t.ASTConfig(**sizes, max_length=48, num_mel_bins=32, num_labels=5, initializer_range=0.1, **more)
        extractor = t.ASTFeatureExtractor(num_mel_bins=32, max_length=48)
    else:
        layers = {"encoder_layers": 2, "encoder_attention_heads": 2, "decoder_layers": 1, "decoder_attention_heads": 2}
        shape = {"d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 32, "num_mel_bins": 16, "init_std": 0.1}
        config = t.WhisperConfig(**layers, **shape, max_source_positions=50, vocab_size=60, num_labels=5, **more)
        config.classifier_proj_size = 16
        extractor = t.WhisperFeatureExtractor(feature_size=16, chunk_length=1)
    t.AutoModelForAudioClassification.from_config(config).save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def input_for(architecture: str) -> Audio:
    """The input that goes with a checkpoint: half a second where it does not say."""
    if architecture in TIMM:
        return Audio(features="log_mel", sampling_rate=RATE, seconds=0.335, mels=48)  # 48 bands, 32 frames
    return Audio(seconds=0.4) if architecture == "wav2vec2_group" else Audio()


def model(architecture: str, **settings: Any) -> Model:
    """The model component over the tiny checkpoint."""
    kind = "timm" if architecture in TIMM else "transformers"
    made = build("burnish.models", {"kind": kind, "name": str(checkpoint(architecture)), **settings})
    assert isinstance(made, Model)
    return made


def network(architecture: str, target: Target = LABEL, *, seed: int = 1, **settings: Any) -> Network:
    """A fresh network in eval mode, in float64 so that comparisons are sharp."""
    return model(architecture, **settings).build(input_for(architecture), target, seed=seed).eval().double()


def rows(seconds: tuple[float, ...] = (0.4, 0.25, 0.1)) -> list[dict[str, Any]]:
    """Sounds of these lengths."""
    return [{"audio": {"array": sound(i, s, RATE), "sampling_rate": RATE}} for i, s in enumerate(seconds)]


def batch(architecture: str, seconds: tuple[float, ...] = (0.4, 0.25, 0.1)) -> dict[str, torch.Tensor]:
    """What the network is called with for three sounds, or those named."""
    made = input_for(architecture)
    processor = made.processor(checkpoint(architecture))
    arrays, _ = made.collate(made.encode(rows(seconds), processor), processor)
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def label_names(folder: Path) -> list[str]:
    """The names of the answers, as the library's config.json has them."""
    config = json.loads((folder / "config.json").read_text())
    return list(config["label_names"] if "label_names" in config else config["id2label"].values())
