"""Maps of where answers come from: they point at the places that count, for every kind of image network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from burnish.core.network import Network
from burnish.report.explained import heatmap_sheets
from burnish.report.heatmaps import heatmaps, overlaid
from tests.network_cases import batch
from tests.prediction_cases import label_table
from tests.vision_cases import KINDS, network


class Corner(nn.Module):
    """Two logits: mean red in the picture, mean blue in it, through a convolution that keeps places."""

    def __init__(self) -> None:
        super().__init__()
        self.pick = nn.Conv2d(3, 2, 4, stride=4, bias=False)
        with torch.no_grad():
            self.pick.weight.zero_()
            self.pick.weight[0, 0] = 1 / 16
            self.pick.weight[1, 2] = 1 / 16

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.pick(pixel_values).mean(dim=(2, 3))  # type: ignore[no-any-return]

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.features(pixel_values)


def test_the_map_is_warm_where_the_answer_comes_from() -> None:
    """Red in one corner, blue in the other: each output's map has its maximum in its own corner, and 0 in the other."""
    pixels = np.zeros((2, 3, 32, 32), np.float32)
    pixels[:, 0, :8, :8] = 1
    pixels[:, 2, 24:, 24:] = 1
    model = Corner()
    for parameter in model.parameters():
        parameter.requires_grad_(False)  # frozen bodies have maps, too
    found = heatmaps(model, {"pixel_values": pixels}, [0, 1])  # type: ignore[arg-type]
    assert found is not None
    assert found.shape == (2, 8, 8)
    assert found[0, :2, :2].min() == pytest.approx(1)
    assert found[0].sum() == pytest.approx(4)
    assert found[1, 6:, 6:].min() == pytest.approx(1)
    assert found[1].sum() == pytest.approx(4)


@pytest.mark.parametrize("architecture", list(KINDS))
def test_every_kind_of_network_has_places(architecture: str) -> None:
    """Convolutions and transformers of three libraries: a map between 0 and 1 with several places; nothing is left behind."""
    built: Network = network(architecture).float()
    before = {name: value.clone() for name, value in built.state_dict().items()}
    pixels = batch(built)["pixel_values"].float().detach().repeat(1, 1, 3, 3) if "vit" not in architecture else None
    values = (batch(built)["pixel_values"].float() if pixels is None else pixels).numpy()
    found = heatmaps(built, {"pixel_values": values}, [0, 1, 2])
    assert found is not None
    assert len(found) == 3
    assert min(found.shape[1:]) > 1
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6
    assert all(p.grad is None for p in built.parameters())
    assert not any(m._forward_hooks for m in built.modules())
    assert all(torch.equal(value, before[name]) for name, value in built.state_dict().items())


def test_a_network_without_places_has_no_map() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(12, 2)

        def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return pixel_values.flatten(1)

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return self.line(pixel_values.flatten(1))  # type: ignore[no-any-return]

    assert heatmaps(Flat(), {"pixel_values": np.ones((1, 3, 2, 2), np.float32)}, [0]) is None  # type: ignore[arg-type]


def test_overlays_are_brighter_where_it_is_warm() -> None:
    picture = np.full((40, 60, 3), 100, np.uint8)
    heat = np.zeros((4, 6), np.float32)
    heat[0, 0] = 1
    out = overlaid(picture, heat)
    assert out.shape == picture.shape
    assert out.dtype == np.uint8
    assert out[2, 2].max() > out[35, 55].max() + 50


def test_sheets_and_the_words_of_the_report(tmp_path: Path) -> None:
    """One sheet of every class, one of the mistakes; no section where there is no map."""
    predictions = label_table(60, 4)
    asked: list[int] = []

    def explain(rows, outputs):  # type: ignore[no-untyped-def]
        asked.extend(rows)
        assert all(0 <= o < len(predictions.names) for o in outputs)
        return [(np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)) for _ in rows]

    lines = heatmap_sheets(tmp_path / "pictures", predictions, explain)
    assert lines[0] == "## Explanations (Grad-CAM)"
    assert (tmp_path / "pictures" / "heatmaps.png").is_file()
    assert (tmp_path / "pictures" / "heatmaps_of_mistakes.png").is_file()
    assert len(asked) == len({*asked}) or len(asked) <= 24 + 12
    assert heatmap_sheets(tmp_path / "pictures", predictions, lambda rows, outputs: None) == []
    assert not (tmp_path / "pictures" / "heatmaps.png").is_file()
