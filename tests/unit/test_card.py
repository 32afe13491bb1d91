"""The model card says for each library how its weights load without burnish: exactly these lines do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.stages.train.card import _alone
from burnish.stages.train.card_metadata import PIPELINES, metadata
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
    found = loaded(_alone("transformers", "AutoModelForSequenceClassification"), tmp_path)
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
    lines = _alone(library, "AutoModelForImageClassification")
    found = loaded(lines, tmp_path)
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        own = found(pixels)
        assert torch.allclose(getattr(own, "logits", own), built(pixel_values=pixels), atol=1e-4)
    assert library in lines[0]


def test_the_hub_reads_the_results(tmp_path: Path) -> None:
    """huggingface-hub's own reader finds task, library, licence and each metric with its interval."""
    from huggingface_hub import ModelCard

    figures = {"macro_f1": {"value": 0.7144, "low": 0.58, "high": 0.81}, "log_loss": {"value": 0.7}}
    scores = {"headline": [*figures, "roc_auc"], "metrics": {**figures, "roc_auc": {"value": None}}, "split": "test"}
    told = {"task": "text-classification", "library": "transformers", "base": "org/name: odd", "licence": "mit # x"}
    lines = metadata(**told, scores={**scores, "bootstrap": {"level": 0.95}}, data="/home/me/messages.csv")
    (tmp_path / "README.md").write_text("\n".join([*lines, "# card"]))
    card = ModelCard.load(tmp_path / "README.md")
    assert (card.data.license, card.data.library_name, card.data.base_model) == (
        "mit # x",
        "transformers",
        "org/name: odd",
    )
    assert card.data.pipeline_tag == "text-classification"
    results = card.data.eval_results
    assert [(r.metric_type, r.metric_value) for r in results] == [("f1", 0.7144), ("log_loss", 0.7)]
    assert results[0].metric_name == "macro_f1 (95% interval 0.5800 to 0.8100)"
    assert (results[0].dataset_name, results[0].dataset_split) == ("messages.csv", "test")
    assert "/home/me" not in "".join(lines)


def test_cards_before_the_test_and_of_folders_say_less() -> None:
    """No result is made up, and no path of this machine is a base model."""
    lines = metadata(
        task="midi-generation", library="torchvision", base="/models/x", licence=None, scores=None, data=""
    )
    assert lines == ["---", "tags:", "- burnish", "---"]


def test_pipelines_are_of_our_tasks() -> None:
    """A task that was renamed would lose its tag without a word."""
    from burnish.recipe.tasks import TASKS

    assert set(PIPELINES) <= set(TASKS)
