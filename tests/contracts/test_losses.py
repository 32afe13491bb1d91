"""What every loss must do, over every kind of target it says it takes."""

from __future__ import annotations

import pytest
import torch

from burnish.core.batch import Truth
from burnish.core.component import build, kinds
from burnish.core.terms import Outputs
from tests.loss_cases import AXIS, PAIRS, TARGETS, TERMS, loss_case, loss_class, truth_of, weighed


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_names_its_targets_and_documents_itself(kind: str) -> None:
    loss = loss_class(kind)()
    assert loss.targets
    assert set(loss.targets) <= set(TARGETS)
    assert loss.sentence()
    assert build(AXIS, loss.model_dump()) == loss


@pytest.mark.parametrize(("kind", "target"), PAIRS)
def test_one_loss_for_each_target_never_negative(kind: str, target: str) -> None:
    logits, targets, _ = loss_case(target)
    elements = loss_class(kind)().elements(logits, targets)
    assert elements.shape == targets.shape
    assert elements.dtype == logits.dtype
    assert bool((elements >= 0).all())


@pytest.mark.parametrize(("kind", "target"), PAIRS)
def test_elements_do_not_see_each_other(kind: str, target: str) -> None:
    logits, targets, _ = loss_case(target)
    loss = loss_class(kind)()
    alone = torch.cat([loss.elements(logits[i : i + 1], targets[i : i + 1]) for i in range(len(logits))])
    torch.testing.assert_close(alone, loss.elements(logits, targets), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "target"), TERMS)
def test_gradient_is_right_where_answers_are_sure(kind: str, target: str) -> None:
    """Against finite differences, and finite where probabilities round to 0 and 1."""
    logits, targets, weights = loss_case(target)
    loss = loss_class(kind)()
    assert torch.autograd.gradcheck(lambda x: weighed(loss, x, targets, weights).total, logits.requires_grad_())
    extreme = (logits.detach() * 1e3).requires_grad_()
    weighed(loss, extreme, targets, weights).total.backward()
    assert extreme.grad is not None
    assert bool(extreme.grad.isfinite().all())


@pytest.mark.parametrize(("kind", "target"), PAIRS)
def test_weighted_sum_is_the_sum_of_weighted_elements(kind: str, target: str) -> None:
    logits, targets, weights = loss_case(target)
    loss = loss_class(kind)()
    summed = weighed(loss, logits, targets, weights)
    assert summed.total.ndim == summed.weight.ndim == 0
    torch.testing.assert_close(summed.total, (loss.elements(logits, targets) * weights).sum())
    torch.testing.assert_close(summed.weight, weights.sum())


@pytest.mark.parametrize(("kind", "target"), TERMS)
@pytest.mark.parametrize("poison", [float("inf"), float("-inf"), float("nan")])
def test_weightless_elements_touch_neither_value_nor_gradient(kind: str, target: str, poison: float) -> None:
    logits, targets, weights = loss_case(target)
    weights[::2] = 0
    poisoned = logits.clone()
    poisoned[::2] = poison
    results = []
    for given in (logits.requires_grad_(), poisoned.requires_grad_()):
        summed = weighed(loss_class(kind)(), given, targets, weights)
        summed.total.backward()
        assert given.grad is not None
        results.append((summed.total.detach(), summed.weight, given.grad))
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)
    assert not results[1][2][::2].any()
    assert results[1][2][1::2].any()


@pytest.mark.parametrize(("kind", "target"), TERMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_summed_in_float32(kind: str, target: str, dtype: torch.dtype) -> None:
    logits, targets, weights = loss_case(target, dtype=dtype)
    loss = loss_class(kind)()
    summed = weighed(loss, logits, targets, weights)
    assert summed.total.dtype == torch.float32
    assert torch.equal(summed.total, weighed(loss, logits.float(), targets, weights).total)


@pytest.mark.parametrize(("kind", "target"), TERMS)
def test_nothing_but_padding_weighs_nothing(kind: str, target: str) -> None:
    logits, targets, weights = loss_case(target)
    summed = weighed(loss_class(kind)(), logits, targets, torch.zeros_like(weights))
    assert (float(summed.total), float(summed.weight)) == (0.0, 0.0)
    assert summed.mean != summed.mean  # not a number: there is nothing to report


@pytest.mark.parametrize(("kind", "target"), TERMS)
def test_terms_say_to_which_row_they_belong(kind: str, target: str) -> None:
    """Sums over rows are what each row has alone, and add up to the whole; the weight is known from the truth."""
    logits, targets, weights = loss_case(target)
    loss, truth = loss_class(kind)(), truth_of(targets, weights)
    terms = loss.terms(Outputs(logits), truth)
    assert terms.values.shape == terms.weights.shape == terms.owner.shape
    assert torch.equal(terms.weights, loss.weights(truth))
    sums, of_rows = terms.by_row(len(logits))
    assert sums.dtype == of_rows.dtype == torch.float64
    for i in range(len(logits)):
        alone = weighed(loss, logits[i : i + 1], targets[i : i + 1], weights[i : i + 1])
        torch.testing.assert_close(sums[i], alone.total.double(), rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(of_rows[i], alone.weight.double(), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(sums.sum(), terms.summed().total.double(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("kind", "target"), TERMS)
def test_rows_that_are_not_finite_are_named(kind: str, target: str) -> None:
    """Those with weight, and no others."""
    logits, targets, weights = loss_case(target)
    weights[4] = 0
    logits[[1, 4]] = float("nan")
    terms = loss_class(kind)().terms(Outputs(logits), truth_of(targets, weights))
    assert terms.strange().tolist() == [1]


@pytest.mark.parametrize(("kind", "target"), PAIRS)
def test_several_truths_of_a_row_are_the_row_several_times(kind: str, target: str) -> None:
    """Mixed rows: k truths a line, one after the other, each against the outputs of its row."""
    if target in ("tags", "transcript"):
        pytest.skip("rows with a truth for each element are not mixed")
    logits, targets, weights = loss_case(target, 4)
    loss, twice = loss_class(kind)(), logits[: len(logits) // 2]
    owner = torch.arange(2).repeat_interleave(2).view(-1, *[1] * (weights.ndim - 1)).expand(weights.shape)
    mixed = loss.terms(Outputs(twice), Truth(targets, weights, owner, torch.arange(2)))
    again = loss.terms(Outputs(twice.repeat_interleave(2, dim=0)), truth_of(targets, weights))
    assert torch.equal(mixed.values, again.values)
    assert mixed.by_row(2)[1].tolist() == again.by_row(4)[1].view(2, 2).sum(1).tolist()
