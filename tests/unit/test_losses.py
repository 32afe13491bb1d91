"""Losses against torch.nn.functional and against formulas worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.losses.binary_cross_entropy import BinaryCrossEntropy
from burnish.losses.cross_entropy import CrossEntropy
from burnish.losses.focal import Focal
from burnish.losses.huber import Huber
from burnish.losses.squared_error import SquaredError
from tests.loss_cases import loss_case, weighed


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_torchs_for_rows_and_for_elements(smoothing: float) -> None:
    for target in ("label", "tags"):
        logits, targets, _ = loss_case(target)
        found = CrossEntropy(label_smoothing=smoothing).elements(logits, targets)
        axes = (0, 2, 1) if target == "tags" else (0, 1)  # torch wants classes second
        expected = F.cross_entropy(logits.permute(*axes), targets, reduction="none", label_smoothing=smoothing)
        torch.testing.assert_close(found, expected)


def test_mean_of_weighted_sum_is_torchs_mean_with_ignored_targets() -> None:
    logits, targets, _ = loss_case("tags")
    ignored = torch.zeros_like(targets, dtype=torch.bool)
    ignored[:, 2:] = True
    expected = F.cross_entropy(logits.permute(0, 2, 1), targets.masked_fill(ignored, -100))
    found = weighed(CrossEntropy(), logits, targets, torch.where(ignored, 0.0, 1.0))
    assert found.mean == pytest.approx(float(expected), rel=1e-12)


def test_mean_of_weighted_sum_is_torchs_mean_with_class_weights() -> None:
    logits, targets, _ = loss_case("label")
    classes = torch.tensor([0.5, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    expected = F.cross_entropy(logits, targets, weight=classes)
    assert weighed(CrossEntropy(), logits, targets, classes[targets]).mean == pytest.approx(float(expected), rel=1e-12)


def test_binary_cross_entropy_is_torchs_and_smooths_towards_one_half() -> None:
    logits, targets, _ = loss_case("labels")
    for smoothing in (0.0, 0.2):
        truth = targets.double() * (1 - smoothing) + smoothing / 2
        expected = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        found = BinaryCrossEntropy(label_smoothing=smoothing).elements(logits, targets)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("target", ["label", "tags"])
def test_focal_without_gamma_is_cross_entropy(target: str) -> None:
    logits, targets, _ = loss_case(target)
    torch.testing.assert_close(
        Focal(gamma=0).elements(logits, targets), CrossEntropy().elements(logits, targets), atol=1e-14, rtol=1e-12
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_is_the_formula_of_the_paper(gamma: float) -> None:
    logits, targets, _ = loss_case("label")
    p = logits.softmax(-1).gather(-1, targets[:, None]).squeeze(-1)
    torch.testing.assert_close(Focal(gamma=gamma).elements(logits, targets), -((1 - p) ** gamma) * p.log())
    logits, targets, _ = loss_case("labels")
    p = torch.where(targets > 0, logits.sigmoid(), 1 - logits.sigmoid())
    torch.testing.assert_close(Focal(gamma=gamma).elements(logits, targets), -((1 - p) ** gamma) * p.log())


def test_focal_by_hand() -> None:
    """Two equal logits, gamma 2: p is one half, so a quarter of log 2."""
    found = Focal(gamma=2).elements(torch.zeros(1, 2), torch.tensor([1]))
    assert float(found) == pytest.approx(0.25 * math.log(2))


def test_focal_gradient_is_finite_for_gamma_below_one_where_the_probability_rounds_to_one() -> None:
    for logits, targets in (
        (torch.tensor([[200.0, 0.0]]), torch.tensor([0])),
        (torch.full((1, 1), 200.0), torch.ones(1, 1)),
    ):
        logits.requires_grad_()
        Focal(gamma=0.5).elements(logits, targets).sum().backward()
        assert logits.grad is not None
        assert bool(logits.grad.isfinite().all())


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_regression_losses_are_torchs_for_a_column_and_for_a_vector(delta: float) -> None:
    logits, targets, _ = loss_case("score")
    flat = logits.squeeze(-1)
    for given in (logits, flat):
        torch.testing.assert_close(
            SquaredError().elements(given, targets), F.mse_loss(flat, targets.double(), reduction="none")
        )
        torch.testing.assert_close(
            Huber(delta=delta).elements(given, targets),
            F.huber_loss(flat, targets.double(), reduction="none", delta=delta),
        )


@pytest.mark.parametrize("loss", [SquaredError(), Huber()])
def test_regression_losses_refuse_to_broadcast(loss: SquaredError | Huber) -> None:
    """[B, 1] against [B] would compare every row with every other."""
    for shape in ((4, 3), (3,), (4, 1, 1)):
        with pytest.raises(ValueError, match="one value an example"):
            loss.elements(torch.zeros(shape), torch.zeros(4))


def test_settings_out_of_range_are_refused_by_name() -> None:
    for settings in (
        {"kind": "focal", "gamma": -1},
        {"kind": "cross_entropy", "label_smoothing": 1},
        {"kind": "huber", "delta": 0},
    ):
        with pytest.raises(InputError, match=f"loss.{list(settings)[1]}"):
            build("burnish.losses", settings, place="loss")
