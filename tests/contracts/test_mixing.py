"""What every way of mixing rows must do."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.data.mixing import Mixing, checked
from burnish.inputs import Input
from burnish.targets import Target

AXIS = "burnish.data.mixing"
KINDS = kinds(AXIS)
THAT_MIX = [k for k in KINDS if component_class(AXIS, k).changes]  # type: ignore[attr-defined]
OF_SOUNDS = [k for k in THAT_MIX if component_class(AXIS, k).read_as in ((), ("waveform",))]  # type: ignore[attr-defined]
INSIDE = [k for k in KINDS if component_class(AXIS, k).inside]  # type: ignore[attr-defined]
SHAPES = {"text": [(7, 16), (30, 8)], "picture": [(3, 16, 16), (3, 1, 1), (3, 7, 20)], "waveform": [(800,), (40, 30)]}


def made(kind: str, **settings: Any) -> Mixing:
    """The component with these settings."""
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Mixing)
    return found


def of(axis: str, kind: str) -> Any:
    """A component of another axis."""
    return build(axis, {"kind": kind})


def rows(shape: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two rows: all ones, and all zeros, so that a mean is a share."""
    return np.ones(shape, np.float32), np.zeros(shape, np.float32)


def shapes(kind: str) -> list[tuple[int, ...]]:
    """Shapes of the rows it must take."""
    return [s for name in (component_class(AXIS, kind).read_as or tuple(SHAPES)) for s in SHAPES[name]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_function_of_rows_and_seed(kind: str) -> None:
    """The same seed gives the same, global generators are neither read nor moved, and the rows themselves are left alone."""
    import torch

    for shape in shapes(kind):
        own, other = rows(shape)
        states = random.getstate(), torch.get_rng_state()
        first, share = made(kind)(own, other, 5)
        np.random.seed(3)
        again, same = made(kind)(own, other, 5)
        assert np.array_equal(first, again)
        assert share == same
        assert own.min() == 1
        assert other.max() == 0
        assert random.getstate() == states[0]
        assert torch.equal(torch.get_rng_state(), states[1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_share_is_what_is_in_the_row(kind: str) -> None:
    """Of ones mixed into zeros the mean is the share of the truth: exactly what the loss will count."""
    for shape in shapes(kind):
        for seed in range(40):
            own, other = rows(shape)
            mixed, share = made(kind)(own, other, seed)
            assert mixed.dtype == np.float32
            assert mixed.shape == shape
            assert 0 <= share <= 1
            assert float(mixed.mean(dtype=np.float64)) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("kind", THAT_MIX)
def test_seeds_differ(kind: str) -> None:
    """Twenty seeds give many different results."""
    own, other = rows((3, 16, 16))
    assert len({made(kind)(own, other, seed)[0].tobytes() for seed in range(20)}) > 10


@pytest.mark.parametrize("kind", OF_SOUNDS)
def test_rows_of_different_length_are_filled_up(kind: str) -> None:
    """A short sound in a long one: the length of the long one, and nothing of the short one after its end."""
    long, short = np.ones(1000, np.float32), np.full(300, 5, np.float32)
    mixed, share = made(kind)(long, short, 1)
    assert mixed.shape == (1000,)
    np.testing.assert_allclose(mixed[300:], share, rtol=1e-6)
    back, same = made(kind)(short, long, 1)
    np.testing.assert_allclose(back[300:], 1 - same, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_partners_are_a_function_of_the_seed_and_end_before_the_run(kind: str) -> None:
    """Places within the step; the same for the same seed; none for a step of one row, or at the end of the run."""
    mixing = made(kind)
    found = mixing.partners(64, 0.0, 7)
    if not mixing.changes:
        assert found is None
        return
    assert found is not None
    assert sorted(found.tolist()) == list(range(64))
    again = mixing.partners(64, 0.5, 7)
    assert again is not None
    assert np.array_equal(found, again)
    other = mixing.partners(64, 0.0, 8)
    assert other is not None
    assert not np.array_equal(found, other)
    assert mixing.partners(1, 0.0, 7) is None
    assert mixing.partners(64, 0.95, 7) is None
    assert made(kind, off_for_last=0).partners(64, 0.99, 7) is not None
    few = made(kind, probability=0.25).partners(4000, 0.0, 7)
    assert few is not None
    assert 0.2 < float((few != np.arange(4000)).mean()) < 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_that_make_no_sense_are_refused(kind: str) -> None:
    """Token numbers cannot be averaged, nor can truths of elements; pictures with one truth a row can."""
    mixing = made(kind)
    image, text = of("burnish.inputs", "image"), of("burnish.inputs", "text")
    label, tags = of("burnish.targets", "label"), of("burnish.targets", "tags")
    assert isinstance(image, Input)
    assert isinstance(label, Target)
    if not mixing.changes:
        assert checked(mixing, text, tags, None) is None
        return
    if mixing.inside:
        assert isinstance(text, Input)
        assert checked(mixing, text, label, None) is mixing
        with pytest.raises(InputError, match="no embeddings of tokens"):
            checked(mixing, image, label, None)
        with pytest.raises(InputError, match="each element"):
            checked(mixing, text, tags, None)
        return
    assert checked(mixing, image, label, None) is mixing
    assert checked(None, text, label, None) is None
    with pytest.raises(InputError, match="no real numbers"):
        checked(mixing, text, label, None)
    with pytest.raises(InputError, match="each element"):
        checked(mixing, image, tags, None)


@pytest.mark.parametrize("kind", INSIDE)
def test_the_share_inside_the_network_is_that_of_the_rows(kind: str) -> None:
    """What the truths count by is what the network mixes by."""
    own, other = rows((7, 16))
    for seed in range(20):
        assert made(kind).share(seed) == made(kind)(own, other, seed)[1]
