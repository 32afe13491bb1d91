"""What checkpoints say of the pictures they were trained on: read from timm's and transformers' files, written for the latter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from burnish.media.picture.reading import shorter_side

SETTINGS = "image_processor.json"
PREPROCESSOR = "preprocessor_config.json"
RESAMPLE = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""PIL's numbers for ways of resizing, as transformers writes them."""


def checkpoint_settings(folder: Path) -> dict[str, Any]:
    """Size, crop, interpolation, mean and std as a timm or transformers checkpoint states them; what it leaves out is absent."""
    ours = folder / SETTINGS
    if ours.is_file():
        return dict(json.loads(ours.read_text(encoding="utf-8")))
    settings: dict[str, Any] = {}
    config = folder / "config.json"
    if config.is_file():
        whole = json.loads(config.read_text(encoding="utf-8"))
        stated = whole.get("pretrained_cfg", {})
        size = stated.get("input_size")
        values = {
            "size": size[-1] if size else None,
            "crop_ratio": stated.get("crop_pct"),
            "interpolation": stated.get("interpolation"),
            "mean": stated.get("mean"),
            "std": stated.get("std"),
            "rounding": "transformers" if "model_type" in whole else None,
        }
        settings |= {k: v for k, v in values.items() if v is not None}
    preprocessor = folder / "preprocessor_config.json"
    if preprocessor.is_file():
        settings |= _transformers(json.loads(preprocessor.read_text(encoding="utf-8")))
    return settings


def _transformers(stated: dict[str, Any]) -> dict[str, Any]:
    crops = bool(stated.get("do_center_crop"))
    short = _side(stated.get("size"))
    side = (_side(stated.get("crop_size")) if crops else None) or short
    ratio = side / short if crops and side and short and side <= short else 1.0
    values = {
        "size": side,
        "crop_ratio": stated.get("crop_pct") or ratio,
        "interpolation": RESAMPLE.get(stated.get("resample", 2)),
        "mean": stated.get("image_mean"),
        "std": stated.get("image_std"),
        "rounding": "transformers",
    }
    return {k: v for k, v in values.items() if v is not None}


def _side(size: Any) -> int | None:
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    return None if size is None else int(size)


def preprocessor_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same preparation for `AutoImageProcessor`: shorter side resized, centre crop, scaled, normalised."""
    size, numbers = int(settings["size"]), {name: number for number, name in RESAMPLE.items()}
    return {
        "image_processor_type": "CLIPImageProcessor",  # the plain one: nothing in it is particular to CLIP
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {
            "shortest_edge": shorter_side(size, float(settings["crop_ratio"]), settings.get("rounding", "transformers"))
        },
        "resample": numbers[str(settings["interpolation"])],
        "do_center_crop": True,
        "crop_size": {"height": size, "width": size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(settings["mean"]),
        "image_std": list(settings["std"]),
    }
