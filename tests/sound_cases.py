"""Sounds and class folders of them that several test files need."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from burnish.media.sound.resampling import Waveform
from tests.image_cases import OLD


def sound(seed: int, seconds: float = 0.5, rate: int = 8000) -> Waveform:
    """Two tones that rise and fall in a little noise, different for each seed."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    low, high = random.uniform(150, 600), random.uniform(800, 2500)
    swell = np.sin(np.pi * time / max(seconds, 1e-9)) ** 2
    tones = swell * (0.3 * np.sin(2 * np.pi * low * time) + 0.15 * np.sin(2 * np.pi * high * time * (1 + 0.1 * time)))
    return (tones + 0.005 * random.standard_normal(len(time))).astype(np.float32)


def save(waveform: Any, path: Path, rate: int = 8000, **options: Any) -> Path:
    """Write a sound and give it an old date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, rate, **options)
    os.utime(path, (OLD, OLD))
    return path


def tree(root: Path, classes: Sequence[str], each: int, *, start: int = 0) -> Path:
    """Class folders with `each` different WAV files of uneven lengths."""
    for c, name in enumerate(classes):
        for i in range(each):
            save(sound(start + c * each + i, 0.2 + 0.05 * i), root / name / f"{name}_{'ab'[i % 2]}_{i:03}.wav")
    return root


def folder_of_rows(rows: Sequence[dict[str, Any]], root: Path) -> Path:
    """Class folders for rows of text: a short sound for each, drawn from its text; few different ones when rows are many."""
    few = len(rows) > 100
    made: dict[int, Path] = {}
    for i, row in enumerate(rows):
        path = root / str(row["label"]) / f"{i:06}.wav"
        seed = i % 3 if few else int.from_bytes(hashlib.sha256(row["text"].encode()).digest()[:4], "big")
        if seed in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(made[seed], path)
        else:
            made[seed] = save(sound(seed, 0.05), path)
    return root
