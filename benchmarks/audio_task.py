"""One task for all contenders of audio_training.py: short sounds in class folders, a checkpoint, and how its library reads them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATA = SHARED / "data" / "fsdd"
WEIGHTS = SHARED / "weights" / "yamnet_audioset"
PARTS = {"train": "train", "validation": "val", "test": "test"}
LABELS = tuple("0123456789")
RATE, SECONDS = 16000, 0.97  # of a sound: all of most of them, and one view of YAMNet's
FRAMES, MELS = 98, 64
NETWORKS = ("yamnet", "wav2vec2", "ast")


@dataclass(frozen=True)
class Task:
    """What every contender does; `folder` holds class folders `train`, `validation` and `test`, and `checkpoint`."""

    folder: Path
    network: str
    adapter: str
    rows: int
    batch_size: int
    epochs: int
    learning_rate: float
    threads: int
    workers: int
    seed: int

    @property
    def checkpoint(self) -> Path:
        """The folder all load."""
        return (self.folder.parent if self.folder.name == "warm-up" else self.folder) / "checkpoint"


def write_task(arguments: argparse.Namespace, network: str, adapter: str, folder: Path) -> Task:
    """The files, cut for networks of one length to their first 0.97 s, and the checkpoint; ends with a message without data."""
    if not DATA.is_dir():
        sys.exit(f"skipped: {DATA} is not here")
    rows = 0
    for name, own in PARTS.items():
        files = sorted((DATA / own).glob("*/*.wav"))
        limit = arguments.rows if name == "train" else arguments.test_rows
        for i in np.random.default_rng(arguments.seed).permutation(len(files))[:limit]:
            waveform, rate = soundfile.read(files[i], dtype="int16")
            place = folder / name / files[i].parent.name / files[i].name
            place.parent.mkdir(parents=True, exist_ok=True)
            longest = len(waveform) if network == "wav2vec2" else int(SECONDS * rate)
            soundfile.write(place, waveform[:longest], rate)
            rows += name == "train"
    _WRITE[network](folder / "checkpoint")
    rate = {"full": 5e-4, "head_only": 5e-3}[adapter]
    return Task(
        folder, network, adapter, rows, arguments.batch_size, arguments.epochs, rate, arguments.threads,
        arguments.workers, arguments.seed,
    )  # fmt: skip


def warm_up(task: Task, rows: int = 16) -> Task:
    """A few rows of the same task, in a folder beside it, for one epoch."""
    folder = task.folder / "warm-up"
    for name in PARTS:
        files = sorted((task.folder / name).glob("*/*.wav"))
        first = list({p.parent.name: p for p in files}.values())  # every label at least once
        for path in dict.fromkeys([*first, *files[:rows]]):
            place = folder / name / path.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                os.symlink(path, place)
    return replace(task, folder=folder, epochs=1)


def _yamnet(folder: Path) -> None:
    """YAMNet's weights in timm's layout."""
    if not WEIGHTS.is_dir():
        sys.exit(f"skipped: {WEIGHTS} is not here")
    program = Path(__file__).parent / "real_audio" / "convert_yamnet.py"
    subprocess.run([sys.executable, program, WEIGHTS, folder], check=True, stdout=subprocess.DEVNULL)


def _wav2vec2(folder: Path) -> None:
    """A small wav2vec 2.0 with the real strides and random weights."""
    import transformers

    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024, conv_dim=(128,) * 7,
        feat_extract_norm="layer", do_stable_layer_norm=True, num_labels=len(LABELS), classifier_proj_size=128,
        layerdrop=0.0, mask_time_prob=0.0, apply_spec_augment=False,
    )  # fmt: skip
    transformers.AutoModelForAudioClassification.from_config(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=True).save_pretrained(folder)


def _ast(folder: Path) -> None:
    """A small Audio Spectrogram Transformer with random weights."""
    import transformers

    torch.manual_seed(0)
    config = transformers.ASTConfig(
        hidden_size=192, num_hidden_layers=6, num_attention_heads=3, intermediate_size=768, max_length=FRAMES,
        num_mel_bins=MELS, num_labels=len(LABELS),
    )  # fmt: skip
    transformers.AutoModelForAudioClassification.from_config(config).save_pretrained(folder)
    transformers.ASTFeatureExtractor(num_mel_bins=MELS, max_length=FRAMES).save_pretrained(folder)


_WRITE: dict[str, Callable[[Path], None]] = {"yamnet": _yamnet, "wav2vec2": _wav2vec2, "ast": _ast}


class Sounds(torch.utils.data.Dataset[tuple[Any, int]]):
    """Files as tutorials read them: soundfile, scipy's resampling, and for YAMNet torch's own Fourier transform."""

    def __init__(self, task: Task, part: str) -> None:
        self.files = [(path, int(path.parent.name)) for path in sorted((task.folder / part).glob("*/*.wav"))]
        self.network = task.network
        if self.network == "yamnet":
            from transformers.audio_utils import mel_filter_bank

            bank = mel_filter_bank(257, MELS, 125.0, 7500.0, RATE, mel_scale="kaldi", triangularize_in_mel_space=True)
            self.bank, self.window = torch.from_numpy(bank).float(), torch.hann_window(400)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        from scipy.signal import resample_poly

        path, label = self.files[i]
        waveform, rate = soundfile.read(path, dtype="float32")
        waveform = resample_poly(waveform, RATE, rate).astype(np.float32)
        return self.prepared(waveform), label

    def prepared(self, waveform: Any) -> Any:
        """What is collated of a waveform at 16 kHz."""
        return self._bands(waveform) if self.network == "yamnet" else waveform

    def _bands(self, waveform: Any) -> torch.Tensor:
        """[1, bands, frames] log-mel of 0.975 s."""
        padded = torch.zeros(round(0.975 * RATE))
        padded[: len(waveform)] = torch.from_numpy(waveform)[: len(padded)]
        frames = padded.unfold(0, 400, 160) * self.window
        return torch.log(torch.fft.rfft(frames, 512).abs() @ self.bank + 0.001).T[None]


class Collate:
    """Rows to a batch, waveforms through the checkpoint's own feature extractor."""

    def __init__(self, task: Task) -> None:
        from transformers import AutoFeatureExtractor

        self.extract = None if task.network == "yamnet" else AutoFeatureExtractor.from_pretrained(task.checkpoint)

    def __call__(self, rows: list[tuple[Any, int]]) -> dict[str, torch.Tensor]:
        """Named arrays of the network, and `labels`."""
        values, labels = [row[0] for row in rows], torch.tensor([row[1] for row in rows])
        if self.extract is None:
            return {"pixel_values": torch.stack(values), "labels": labels}
        return {**self.extract(values, sampling_rate=RATE, return_tensors="pt", padding=True), "labels": labels}


def library_model(task: Task) -> Any:
    """The network as users of its library load it, with a fresh head; gradients for what learns."""
    if task.network == "yamnet":
        import timm

        model = timm.create_model(f"local-dir:{task.checkpoint}", pretrained=True, num_classes=len(LABELS))
        head = model.get_classifier()
    else:
        from transformers import AutoModelForAudioClassification

        model = AutoModelForAudioClassification.from_pretrained(task.checkpoint)
        head = model.classifier
    if task.adapter == "head_only":
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        for parameter in head.parameters():
            parameter.requires_grad_(True)
    return model
