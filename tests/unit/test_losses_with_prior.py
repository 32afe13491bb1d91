"""Logit adjustment and balanced softmax: against their formulas, and against Bayes where he is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.losses import Loss
from burnish.losses.balanced_softmax import BalancedSoftmax
from burnish.losses.cross_entropy import CrossEntropy
from burnish.losses.logit_adjusted import LogitAdjusted
from tests.loss_cases import loss_case

NAMES, COUNTS = ("a", "b", "c", "d", "e"), {"a": 50, "b": 30, "c": 15, "d": 4, "e": 1}


def learned(kind: str, **settings: float) -> Loss:
    loss = build("burnish.losses", {"kind": kind, **settings})
    assert isinstance(loss, Loss)
    return loss.learned(NAMES, COUNTS)


@pytest.mark.parametrize("target", ["label", "tags"])
@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_formula(target: str, tau: float) -> None:
    """-log(pi_y^tau e^f_y / sum pi_j^tau e^f_j), written out."""
    logits, targets, _ = loss_case(target)
    prior = np.array([COUNTS[name] / 100 for name in NAMES])
    odds = np.exp(logits.numpy()) * prior**tau
    wanted = -np.log(np.take_along_axis(odds, targets.numpy()[..., None], -1)[..., 0] / odds.sum(-1))
    np.testing.assert_allclose(learned("logit_adjusted", tau=tau).elements(logits, targets), wanted, rtol=1e-12)


def test_balanced_softmax_is_logit_adjustment_with_tau_1() -> None:
    logits, targets, _ = loss_case("label")
    first, second = learned("balanced_softmax"), learned("logit_adjusted", tau=1.0)
    assert torch.equal(first.elements(logits, targets), second.elements(logits, targets))
    np.testing.assert_array_equal(first.shift(NAMES), second.shift(NAMES))


def test_off_is_cross_entropy_bit_for_bit() -> None:
    """With tau 0, and with classes that are equally common up to rounding."""
    logits, targets, _ = loss_case("label")
    plain = CrossEntropy().elements(logits, targets)
    assert torch.equal(learned("logit_adjusted", tau=0.0).elements(logits, targets), plain)
    even = BalancedSoftmax().learned(NAMES, dict.fromkeys(NAMES, 7)).elements(logits, targets)
    torch.testing.assert_close(even, plain, rtol=1e-12, atol=1e-12)


def test_the_best_answer_under_it_is_that_of_bayes_for_classes_that_count_alike() -> None:
    """Two Gaussians, the second one in ten: the minimum of the adjusted loss puts the border in the middle, as Bayes does
    where both classes count the same; that of plain cross-entropy is moved towards the rare one by log 9 over the slope.
    """
    torch.manual_seed(0)
    distance, counts = 2.0, {"common": 7200, "rare": 800}
    x = torch.cat([torch.randn(7200), distance + torch.randn(800)]).double()
    y = torch.cat([torch.zeros(7200), torch.ones(800)]).long()
    borders = {}
    for kind in ("cross_entropy", "logit_adjusted"):
        loss = build("burnish.losses", kind)
        assert isinstance(loss, Loss)
        loss = loss.learned(("common", "rare"), counts)
        weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([weights], max_iter=40, tolerance_grad=1e-10)

        def closure(loss: Loss = loss, weights: torch.Tensor = weights) -> torch.Tensor:
            weights.grad = None
            logits = torch.stack([torch.zeros_like(x), weights[0] * x + weights[1]], dim=1)
            value = loss.elements(logits, y).mean()
            value.backward()  # type: ignore[no-untyped-call]
            return value

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        slope, bias = weights.detach().tolist()
        assert slope == pytest.approx(distance, abs=0.15)
        borders[kind] = -bias / slope
    assert borders["logit_adjusted"] == pytest.approx(distance / 2, abs=0.08)
    assert borders["cross_entropy"] == pytest.approx(distance / 2 + np.log(9) / distance, abs=0.08)
    # What is added while it learns is what is taken away afterwards: plain, adjusted after training, has the same border.
    assert borders["cross_entropy"] - np.log(9) / distance == pytest.approx(borders["logit_adjusted"], abs=0.08)


def test_frequencies_are_learned_in_the_order_of_the_logits_and_kept_where_given() -> None:
    loss = LogitAdjusted().learned(("b", "a"), {"a": 3, "b": 1})
    assert list(loss.frequencies.items()) == [("b", 0.25), ("a", 0.75)]
    given = LogitAdjusted(frequencies={"a": 0.5, "b": 0.5}).learned(("b", "a"), {"a": 3, "b": 1})
    assert list(given.frequencies.items()) == [("b", 0.5), ("a", 0.5)]
    assert build("burnish.losses", loss.model_dump()) == loss
    with pytest.raises(InputError, match="no training example has the class 'b'"):
        LogitAdjusted().learned(("a", "b"), {"a": 3})
    with pytest.raises(InputError, match="frequencies of a"):
        LogitAdjusted(frequencies={"a": 1.0}).learned(("a", "b"), {"a": 3, "b": 1})


def test_gradient_of_a_step_is_that_of_adjusted_logits() -> None:
    logits, targets, _ = loss_case("label")
    loss = learned("logit_adjusted")
    assert isinstance(loss, LogitAdjusted)
    one, other = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss.elements(one, targets).sum().backward()
    shift = torch.tensor([COUNTS[n] / 100 for n in NAMES], dtype=torch.float64).log()
    F.cross_entropy(other + shift, targets, reduction="sum").backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-12)
