"""Names and shapes of a checkpoint's tensors, from the headers of its files: no tensor is read."""

from __future__ import annotations

import json
from pathlib import Path

from burnish.models._checkpoint import INDEX, WEIGHTS

LONGEST = 100_000_000
"""Bytes of a header at most; the format allows no more."""


def stored_shapes(place: Path) -> dict[str, list[int]]:
    """Shapes by name of a .safetensors file, or of those in a folder.

    Empty where there are none, or where they cannot be read: whoever loads them says what is wrong.
    """
    if place.is_dir():
        files = [place / WEIGHTS] if (place / WEIGHTS).is_file() else _shards(place)
    else:
        files = [place] if place.suffix == ".safetensors" and place.is_file() else []
    return {name: shape for file in files for name, shape in _header(file).items()}


def _shards(folder: Path) -> list[Path]:
    try:
        mapping = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        return [folder / name for name in sorted({str(file) for file in mapping.values()})]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return []


def _header(file: Path) -> dict[str, list[int]]:
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            told = json.loads(stream.read(length)) if length <= LONGEST else {}
        return {name: list(map(int, facts["shape"])) for name, facts in told.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}
