"""Class weights against scikit-learn, against the paper, and what is said when given ones are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from burnish.class_weights.balanced import Balanced
from burnish.class_weights.effective_number import EffectiveNumber
from burnish.class_weights.given import Given
from burnish.class_weights.none import NoWeights
from burnish.core.component import build
from burnish.core.errors import InputError

NAMES = ("ham", "other", "spam")


def test_balanced_is_scikit_learns() -> None:
    rows = ["ham"] * 70 + ["spam"] * 7 + ["other"] * 23
    expected = compute_class_weight("balanced", classes=np.array(NAMES), y=np.array(rows))
    found = Balanced().weights(NAMES, {name: rows.count(name) for name in NAMES})
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_balanced_gives_every_present_class_the_same_total() -> None:
    counts = {"ham": 90, "spam": 10}
    np.testing.assert_allclose(Balanced().weights(NAMES, counts) * np.array([90, 0, 10]), [50, 0, 50], rtol=1e-6)


def test_effective_number_is_the_formula_of_the_paper_with_mean_one() -> None:
    count = np.array([5000, 50, 5])
    raw = (1 - 0.99) / (1 - 0.99**count)
    found = EffectiveNumber(beta=0.99).weights(NAMES, dict(zip(NAMES, count.tolist(), strict=True)))
    np.testing.assert_allclose(found, raw / raw.mean(), rtol=1e-6)


def test_effective_number_runs_from_equal_to_inverse_counts() -> None:
    counts = {"ham": 1000, "other": 100, "spam": 10}
    np.testing.assert_array_equal(EffectiveNumber(beta=0).weights(NAMES, counts), np.ones(3, np.float32))
    nearly_one = EffectiveNumber(beta=1 - 1e-12).weights(NAMES, counts)
    np.testing.assert_allclose(nearly_one / nearly_one[0], [1, 10, 100], rtol=1e-3)


def test_effective_number_averages_over_present_classes_only() -> None:
    found = EffectiveNumber().weights(NAMES, {"ham": 40, "spam": 4})
    assert found[1] == 0
    assert found[[0, 2]].mean() == pytest.approx(1, rel=1e-6)


def test_no_weights_leave_an_absent_class_at_one() -> None:
    np.testing.assert_array_equal(NoWeights().weights(NAMES, {"ham": 4}), np.ones(3, np.float32))


def test_given_weights_are_taken_by_name_and_numbers_as_names_are_text() -> None:
    np.testing.assert_array_equal(Given(values={"spam": 4, "other": 0, "ham": 1}).weights(NAMES, {}), [1, 0, 4])
    read = build("burnish.class_weights", {"kind": "given", "values": {0: 1.0, 1: 2.0}})
    assert isinstance(read, Given)
    np.testing.assert_array_equal(read.weights(("0", "1"), {}), [1, 2])


def test_given_weights_name_an_unknown_label_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown label 'spma'") as error:
        Given(values={"spma": 4, "other": 1, "ham": 1}).weights(NAMES, {})
    assert "did you mean 'spam'" in str(error.value)


def test_given_weights_name_what_is_missing() -> None:
    with pytest.raises(InputError, match="no weight is given for 'ham', 'other'"):
        Given(values={"spam": 4}).weights(NAMES, {})


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "heavy"])
def test_given_weights_must_be_finite_and_not_negative(weight: object) -> None:
    with pytest.raises(InputError, match=r"class_weights\.values\.spam"):
        build("burnish.class_weights", {"kind": "given", "values": {"spam": weight}}, place="class_weights")


def test_given_weights_that_are_all_zero_leave_nothing_to_learn() -> None:
    with pytest.raises(InputError, match="every weight is 0"):
        Given(values=dict.fromkeys(NAMES, 0)).weights(NAMES, {})
