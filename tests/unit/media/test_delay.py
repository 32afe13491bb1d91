"""The delay pattern: against a drawn example, against transformers' own, and undone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests import music_cases

from burnish.media.codec.delay import begun, delayed, delays, undelayed

P = 99


def test_a_drawn_example() -> None:
    """Four codebooks, five frames, each codebook a step later than the one before."""
    codes = np.array([[1, 2, 3, 4, 5], [11, 12, 13, 14, 15], [21, 22, 23, 24, 25], [31, 32, 33, 34, 35]])
    drawn = [
        [1, 2, 3, 4, 5, P, P, P],
        [P, 11, 12, 13, 14, 15, P, P],
        [P, P, 21, 22, 23, 24, 25, P],
        [P, P, P, 31, 32, 33, 34, 35],
    ]
    assert delays(4, 1) == (0, 1, 2, 3)
    np.testing.assert_array_equal(delayed(codes, (0, 1, 2, 3), P), drawn)
    assert begun(5, (0, 1, 2, 3)).tolist() == (np.array(drawn)[:, :5] != P).tolist()


def test_stereo_channels_are_late_together() -> None:
    assert delays(8, 2) == (0, 0, 1, 1, 2, 2, 3, 3)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_was_delayed_is_undone(channels: int) -> None:
    codes, late = music_cases.codes(0, 9, 4 * channels), delays(4 * channels, channels)
    np.testing.assert_array_equal(undelayed(delayed(codes, late, P), late), codes)


@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_the_pattern_of_transformers(channels: int) -> None:
    """Its mask begins with the filler, as a decoder's input does; of a prompt that is as long as all frames."""
    codebooks = 4 * channels
    codes, late = music_cases.codes(1, 9, codebooks).astype(np.int64), delays(codebooks, channels)
    decoder = music_cases.network(channels).model.decoder
    filler = music_cases.SIZE
    prompt = np.concatenate([np.full((codebooks, 1), filler), codes], axis=1)
    _, mask = decoder.build_delay_pattern_mask(torch.from_numpy(prompt), filler, max_length=1 + 9 + max(late))
    np.testing.assert_array_equal(mask[:, 1:].numpy(), delayed(codes, late, filler))
