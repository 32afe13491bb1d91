"""The model card says for each library how its weights load without burnish: exactly these lines do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.stages.train.card import _alone
from tests import network_cases, vision_cases


def loaded(lines: list[str], folder: Path) -> Any:
    """What the code of the card makes of a folder."""
    code = "\n".join(lines).partition("```python\n")[2].partition("```")[0].replace("PATH/OF/THIS/FOLDER", str(folder))
    names: dict[str, Any] = {}
    exec(code, names)
    return names["network"].eval()


def test_texts_load_with_transformers(tmp_path: Path) -> None:
    built = network_cases.network("bert")
    (tmp_path / "model").mkdir()
    built.float().save(tmp_path / "model")
    found = loaded(_alone("transformers", "text-classification"), tmp_path)
    inputs = network_cases.batch(built)
    with torch.no_grad():
        assert torch.allclose(found(**inputs).logits, built(**inputs), atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "library"),
    [("timm_resnet", "timm"), ("torchvision_mobilenet", "torchvision"), ("transformers_vit", "transformers")],
)
def test_pictures_load_with_their_library(tmp_path: Path, architecture: str, library: str) -> None:
    """Timm and torchvision are not transformers, and the card does not say so."""
    built = vision_cases.network(architecture).float().eval()
    (tmp_path / "model").mkdir()
    built.save(tmp_path / "model")
    lines = _alone(library, "image-classification")
    found = loaded(lines, tmp_path)
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        own = found(pixels)
        assert torch.allclose(getattr(own, "logits", own), built(pixel_values=pixels), atol=1e-4)
    assert library in lines[0]
