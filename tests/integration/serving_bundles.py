"""Bundles that servers of the tests answer with."""

from __future__ import annotations

from pathlib import Path

import burnish
from tests import sound_cases
from tests.image_cases import folder_of_rows
from tests.integration import tiny_runs
from tests.vision_cases import checkpoint


def picture_bundle(folder: Path) -> Path:
    """A tiny network for pictures of three classes, trained for one epoch."""
    data = folder_of_rows(tiny_runs.rows("label"), folder / "data")
    recipe = {"data": str(data), "input": {"kind": "image", "size": 32}, "target": {"kind": "label"}}
    model = {"kind": "timm", "name": str(checkpoint("timm_resnet"))}
    burnish.train({**recipe, "model": model, **tiny_runs.quick(), "epochs": 1}, out=folder / "run")
    return folder / "run" / "bundle"


def sound_bundle(folder: Path) -> Path:
    """A tiny network for sounds of three classes, trained for one epoch; longer ones are heard in views of 0.4 s."""
    data = sound_cases.folder_of_rows(tiny_runs.rows("label"), folder / "data")
    listens = {"kind": "audio", "features": "log_mel", "sampling_rate": 8000, "seconds": 0.4, "mels": 32}
    recipe = {"data": str(data), "input": listens, "target": {"kind": "label"}}
    model = {"kind": "timm", "name": str(checkpoint("timm_resnet"))}
    burnish.train({**recipe, "model": model, **tiny_runs.quick(), "epochs": 1}, out=folder / "run")
    return folder / "run" / "bundle"
