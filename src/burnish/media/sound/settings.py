"""What checkpoints of sounds state of their input, and what is written beside the weights for their libraries."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.spectrograms import KALDI

SETTINGS = "audio_processor.json"


def checkpoint_settings(folder: Path) -> dict[str, Any]:
    """What a checkpoint states of its input, in our words; what it leaves out is absent.

    `audio_processor.json` of burnish, else transformers' `preprocessor_config.json`.

    Raises:
        InputError: a feature extractor of a kind that is not known here, or Parakeet.
    """
    ours = folder / SETTINGS
    if ours.is_file():
        known = {f.name for f in fields(SoundProcessor)}
        return {k: v for k, v in json.loads(ours.read_text(encoding="utf-8")).items() if k in known}
    _refuse_parakeet(folder)
    stated = folder / "preprocessor_config.json"
    return _stated(json.loads(stated.read_text(encoding="utf-8")), folder) if stated.is_file() else {}


def _refuse_parakeet(folder: Path) -> None:
    """Before its features are looked for, which newer checkpoints state elsewhere."""
    config = folder / "config.json"
    kind = json.loads(config.read_text(encoding="utf-8")).get("model_type") if config.is_file() else None
    if str(kind).startswith("parakeet"):
        raise InputError(
            f"{kind} is not supported: it spells in pieces of words, a frame of 80 ms each, hears bands that are normalised "
            "over the whole recording, and normalises its layers over the batch; burnish has none of the three",
            expected="a checkpoint such as wav2vec 2.0, HuBERT, WavLM (CTC) or Whisper",
            fix="choose another model",
            place=str(folder),
        )


def _stated(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    kind = given.get("feature_extractor_type") or given.get("processor_class") or ""
    rate = int(given.get("sampling_rate", 16000))
    if kind == "ASTFeatureExtractor":
        frames = int(given.get("max_length", 1024))
        return {
            "features": "kaldi",
            "sampling_rate": rate,
            "seconds": (KALDI.window + KALDI.hop * (frames - 1)) / rate,
            "mels": int(given.get("num_mel_bins", 128)),
            "frames": frames,
            "normalise": bool(given.get("do_normalize", True)),
            "mean": float(given.get("mean", -4.2677393)),
            "std": float(given.get("std", 4.5689974)),
        }
    if kind in ("WhisperFeatureExtractor", "WhisperProcessor"):
        return {
            "features": "whisper",
            "sampling_rate": rate,
            "seconds": float(given.get("chunk_length", 30)),
            "padded_seconds": float(given.get("chunk_length", 30)),
            "mels": int(given.get("feature_size", 80)),
            "window": int(given.get("n_fft", 400)),
            "hop": int(given.get("hop_length", 160)),
        }
    if kind in ("Wav2Vec2FeatureExtractor", "Wav2Vec2Processor") or {"do_normalize", "sampling_rate"} <= given.keys():
        mask = bool(given.get("return_attention_mask", False))
        settings: dict[str, Any] = {
            "features": "waveform",
            "sampling_rate": rate,
            "normalise": bool(given.get("do_normalize", True)),
            "mask": mask,
        }
        return {**settings, "seconds": 30.0} if mask else settings
    raise InputError(
        f"the feature extractor {kind or 'of this checkpoint'} is not known",
        expected="Wav2Vec2FeatureExtractor, ASTFeatureExtractor or WhisperFeatureExtractor",
        place=str(folder / "preprocessor_config.json"),
    )


def written(processor: SoundProcessor) -> dict[str, Any] | None:
    """`preprocessor_config.json` from which transformers makes the same numbers; None for image networks."""
    shared = {"sampling_rate": processor.sampling_rate, "padding_value": 0.0, "padding_side": "right"}
    if processor.features == "waveform":
        kind = "Wav2Vec2FeatureExtractor"
        settings: dict[str, Any] = {"feature_size": 1, "do_normalize": processor.normalise}
        settings["return_attention_mask"] = processor.mask
    elif processor.features == "kaldi":
        kind = "ASTFeatureExtractor"
        settings = {"num_mel_bins": processor.mels, "max_length": processor.frames, "do_normalize": processor.normalise}
        settings |= {"mean": processor.mean, "std": processor.std, "feature_size": 1, "return_attention_mask": False}
    elif processor.features == "whisper":
        kind = "WhisperFeatureExtractor"
        seconds = processor.padded_seconds
        settings = {"feature_size": processor.mels, "n_fft": processor.window, "hop_length": processor.hop}
        settings |= {
            "chunk_length": int(seconds) if seconds == int(seconds) else seconds,
            "return_attention_mask": False,
        }
    else:
        return None
    return {"feature_extractor_type": kind, **shared, **settings}
