"""Images and class folders that several test files need."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

OLD = 1_600_000_000  # seconds since 1970: files this old are trusted by the index


def picture(seed: int, width: int = 24, height: int = 20) -> Pillow.Image:
    """A smooth random RGB picture, different for each seed."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (5, 6, 3), np.uint8)
    return Pillow.fromarray(small).resize((width, height), Pillow.Resampling.BICUBIC)


def tree(root: Path, classes: Sequence[str], each: int, *, start: int = 0) -> Path:
    """Class folders with `each` different PNG files, all of an old date."""
    for c, name in enumerate(classes):
        for i in range(each):
            save(picture(start + c * each + i), root / name / f"{i:03}.png")
    return root


def save(image: Pillow.Image, path: Path, **options: Any) -> Path:
    """Write a picture and give it an old date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    os.utime(path, (OLD, OLD))
    return path


def folder_of_rows(rows: Sequence[dict[str, Any]], root: Path) -> Path:
    """Class folders for rows of text: a picture for each, drawn from its text; few different ones when rows are many."""
    few = len(rows) > 100
    made: dict[int, Path] = {}
    for i, row in enumerate(rows):
        path = root / str(row["label"]) / f"{i:06}.png"
        seed = i % 3 if few else int.from_bytes(hashlib.sha256(row["text"].encode()).digest()[:4], "big")
        if seed in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(made[seed], path)
        else:
            made[seed] = save(picture(seed, 8, 8), path)
    return root


def rows_of_folder(root: Path) -> list[dict[str, str]]:
    """The rows that `image_folder` reads in a folder of `folder_of_rows`."""
    return [{"image": str(p), "label": p.parent.name} for p in sorted(root.rglob("*.png"))]
