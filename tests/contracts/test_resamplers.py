"""What every resampler must do: training rows of classes they had, the same for the same seed, told where it was cautious."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.training.resamplers import Resampled, Resampler

AXIS = "burnish.training.resamplers"
NAMES = {0: "common", 1: "rare", 2: "rarest"}
Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


def made(kind: str, **settings: Any) -> Resampler:
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Resampler)
    return found


MAKING = [kind for kind in kinds(AXIS) if made(kind).makes]


def rows(rarest: int = 4) -> Rows:
    """Three classes that overlap, in four dimensions, in mixed order."""
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], [60, 12, rarest])
    features = random.normal(size=(len(classes), 4)) + 0.8 * classes[:, None]
    order = random.permutation(len(classes))
    return features[order], classes[order]


def resampled(kind: str, data: Rows, seed: int = 0, **settings: Any) -> Resampled:
    return made(kind, **settings).resampled(*data, NAMES, seed=seed)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_documents_itself_and_is_written_and_read_back(kind: str) -> None:
    assert component_class(AXIS, kind).sentence()
    assert build(AXIS, made(kind).model_dump()) == made(kind)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_a_pure_function_of_rows_and_seed(kind: str) -> None:
    first = resampled(kind, rows())
    np.random.seed(5)  # the global stream must not matter
    again, other = resampled(kind, rows()), resampled(kind, rows(), seed=1)
    np.testing.assert_array_equal(first.kept, again.kept)
    np.testing.assert_array_equal(first.made, again.made)
    assert not made(kind).makes or not np.array_equal(first.made, other.made)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_rows_stay_in_their_order_and_no_class_is_lost(kind: str) -> None:
    data = rows()
    found = resampled(kind, data)
    assert bool((np.diff(found.kept) > 0).all())
    assert set(data[1][found.kept]) == {0, 1, 2}
    assert int((data[1][found.kept] == 2).sum()) == 4  # of the rarest none is left out
    if made(kind).makes:
        np.testing.assert_array_equal(found.kept, np.arange(len(data[1])))
    else:
        assert not len(found.made)


def test_a_class_of_which_nothing_would_stay_stays_and_that_is_said() -> None:
    found = resampled("edited_nearest_neighbours", rows())
    assert any("class 'rare' would be left out" in note for note in found.notes)


@pytest.mark.parametrize("kind", MAKING)
def test_every_new_row_lies_on_a_segment_of_two_rows_of_its_class(kind: str) -> None:
    features, classes = rows()
    found = resampled(kind, (features, classes))
    assert len(found.made) == len(found.classes) > 0
    for new, number in zip(found.made, found.classes, strict=True):
        assert on_a_segment(new, features[classes == number])


def on_a_segment(new: NDArray[np.float64], of_class: NDArray[np.float64]) -> bool:
    """Whether a row is a + t (b - a) for two of these rows and a t in [0, 1]."""
    for a in of_class:
        along = of_class - a
        lengths = np.maximum((along**2).sum(axis=1), 1e-300)
        t = np.clip(along @ (new - a) / lengths, 0, 1)
        if (np.abs(a + t[:, None] * along - new).max(axis=1) < 1e-9).any():
            return True
    return False


def test_a_row_beside_the_segments_is_found_out() -> None:
    """The check itself is no formality."""
    features, classes = rows()
    new = resampled("smote", (features, classes)).made[0]
    assert not on_a_segment(new + 1e-3, features[classes == 1])


@pytest.mark.parametrize("kind", MAKING)
def test_neighbours_are_fewer_where_a_class_is_smaller_and_that_is_said(kind: str) -> None:
    found = resampled(kind, rows(rarest=3), neighbours=5)
    said = [note for note in found.notes if "neighbours: 2" in note]
    assert len(said) == 1
    assert "'rarest' has 3 examples" in said[0]


@pytest.mark.parametrize("kind", MAKING)
def test_one_row_of_a_class_is_refused(kind: str) -> None:
    for refuse in (
        lambda: resampled(kind, rows(rarest=1)),
        lambda: made(kind).check({"common": 60, "rarest": 1}),
    ):
        with pytest.raises(InputError, match="one training example"):
            refuse()
    made(kind).check({"common": 60, "rarest": 2})


def test_classes_grow_to_the_share_that_is_asked_for() -> None:
    for ratio, wanted in ((1.0, [60, 60, 60]), (0.5, [60, 30, 30]), (0.1, [60, 12, 6])):
        data = rows()
        found = resampled("smote", data, target_ratio=ratio)
        counts = np.bincount(np.concatenate([data[1], found.classes]))
        assert counts.tolist() == wanted


def test_as_the_library_does_it_of_one_class() -> None:
    """SMOTE of two classes is imbalanced-learn's own, number for number."""
    from imblearn.over_sampling import SMOTE

    from burnish.core.seeds import derive

    features, classes = rows()
    two = (features[classes < 2], classes[classes < 2])
    theirs, _ = SMOTE(k_neighbors=5, random_state=derive(3, "resampled", 1) % 2**32).fit_resample(*two)
    np.testing.assert_array_equal(resampled("smote", two, seed=3).made, theirs[len(two[1]) :])


def test_where_classes_do_not_touch_nothing_is_made_and_that_is_said() -> None:
    features, classes = rows()
    apart = (features + 100.0 * classes[:, None], classes)
    for kind, words in (
        ("borderline_smote", "no example lies at the border"),
        ("adasyn", "no example of another class"),
    ):
        found = resampled(kind, apart, neighbours=3, **({"around": 3} if kind == "borderline_smote" else {}))
        assert not len(found.made)
        assert sum(words in note for note in found.notes) == 2
