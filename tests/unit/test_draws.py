"""Draws reuse memory and sort few tokens; they are those of the plain formula over all tokens, bit for bit."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.chances import log_total
from burnish.core.component import build
from burnish.core.room import room
from burnish.decoders import sampling
from burnish.decoders._stepwise import Sequences, log_softmax
from burnish.decoders.sampling import Sampling

SETTINGS: list[dict[str, Any]] = [
    {},
    {"temperature": 2.0},
    {"temperature": 1e-3},
    {"top_k": 7},
    {"top_k": 700},
    {"top_p": 0.9},
    {"min_p": 0.02, "temperature": 1.3},
    {"top_p": 0.97, "repetition_penalty": 1.3, "frequency_penalty": 0.4, "logit_bias": {3: 9.0}},
]


def logits(seed: int) -> Array:
    """Peaked, flat, with equals, with tokens that are ruled out."""
    random = np.random.default_rng(seed)
    values = random.normal(size=3000) * random.choice([0.01, 1, 8])
    if seed % 3 == 1:
        values = np.round(values)
    if seed % 4 == 2:
        values[random.random(3000) < 0.9] = -np.inf
    return values.astype(np.float32)


def plainly(decoder: Sampling, values: Array, sequence: Sequences, likely: float) -> int:
    """Everything sorted, in arrays of its own."""
    weakened = decoder.weakened(values.astype(np.float64), sequence)
    divided = (weakened - weakened.max()) / decoder.temperature
    tokens, shares, whole = decoder.kept(np.exp(log_softmax(divided)), len(values))
    return int(tokens[min(int(np.searchsorted(shares.cumsum(), likely * whole, "right")), len(tokens) - 1)])


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("few", [2, 512])
def test_a_draw_is_that_of_the_plain_formula(
    settings: dict[str, Any], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "_FEW", few)
    decoder = cast(Sampling, build("burnish.decoders", {"kind": "sampling", **settings}))
    sequence = Sequences(ids=[3, 3, 17, 2999])
    for seed in range(40):
        values = logits(seed)
        kept, (random, likely) = values.copy(), (np.random.default_rng(seed), np.random.default_rng(seed).random())
        assert decoder.chosen(values, sequence, random) == plainly(decoder, values, sequence, likely)
        np.testing.assert_array_equal(values, kept)


def test_probabilities_are_those_of_the_softmax_bit_for_bit() -> None:
    for seed in range(20):
        values = logits(seed).astype(np.float64)
        expected = np.exp(log_softmax((values - values.max()) / 0.7))
        np.testing.assert_array_equal(sampling._probabilities(values, 0.7), expected)


def test_threads_draw_apart() -> None:
    """Each in memory of its own."""
    decoder = cast(Sampling, build("burnish.decoders", {"kind": "sampling", "top_p": 0.95}))

    def drawn(seed: int) -> list[int]:
        random = np.random.default_rng(seed)
        return [decoder.chosen(logits(seed + n), Sequences(), random) for n in range(30)]

    alone = [drawn(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(drawn, range(8))) == alone
        rooms = set(threads.map(lambda _: id(room("logits", 3000, np.float64)), range(50)))
    assert id(room("logits", 3000, np.float64)) not in rooms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_total_is_that_of_the_plain_formula(dtype: Any) -> None:
    for size in (3, 3000, 3):
        values = np.random.default_rng(size).normal(size=size).astype(dtype)
        greatest = values.max()
        plain = float(greatest) + math.log(np.exp(values - greatest).sum(dtype=np.float64))
        assert log_total(values) == plain
    assert math.isnan(log_total(np.array([np.nan, 1], dtype)))
