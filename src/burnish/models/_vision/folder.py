"""A folder for an architecture that has none: its settings as config.json, so that the input finds its normalisation."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import write_json
from burnish.data.settings import cache_folder
from burnish.media.picture.settings import checkpoint_settings

CONFIG = "config.json"
STATED = {"crop_ratio": "crop_pct", "interpolation": "interpolation", "mean": "mean", "std": "std"}


def architecture_folder(config: dict[str, Any]) -> Path:
    """A folder in the cache with this config.json; the same settings give the same folder."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]
    name = re.sub(r"[^\w.-]", "_", str(config["architecture"]))
    folder = cache_folder(None) / "models" / f"{name}-{digest}"
    if not (folder / CONFIG).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / CONFIG, config)
    return folder


def beside(weights: str | None) -> dict[str, Any]:
    """What the folder a file of weights lies in says of pictures: size, crop_ratio, interpolation, mean, std."""
    if weights is None:
        return {}
    path = Path(weights).expanduser()
    return checkpoint_settings(path if path.is_dir() else path.parent)


def pictures(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the image input in timm's words, for `pretrained_cfg`."""
    told = {theirs: settings[ours] for ours, theirs in STATED.items() if ours in settings}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
    return {**told, **({"input_size": [3, settings["size"], settings["size"]]} if "size" in settings else {})}


def sounds(shape: tuple[int, int, int]) -> dict[str, Any]:
    """What `pretrained_cfg` says where a log-mel goes in as it is: its shape, and nothing subtracted."""
    return {"input_size": list(shape), "mean": [0.0], "std": [1.0]}


def read_config(folder: Path, key: str = "architecture") -> dict[str, Any]:
    """The config.json of a folder.

    Raises:
        InputError: there is none, it is unreadable, or it names no architecture.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError("there is no config.json", expected="a folder a run has written", place=str(folder))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"config.json cannot be read: {error}", fix="get the file again", place=str(path)) from error
    if not isinstance(config, dict) or not isinstance(config.get(key), str):
        what = f"this is a transformers checkpoint ({config['model_type']})" if _is_transformers(config) else ""
        raise InputError(
            what or f"config.json has no {key!r}",
            expected=f"config.json with {key!r}",
            fix="use model: {kind: transformers, name: ...}" if what else "",
            place=str(path),
        )
    return config


def _is_transformers(config: Any) -> bool:
    return isinstance(config, dict) and "model_type" in config
