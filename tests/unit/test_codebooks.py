"""Decoding of codebooks: guidance by its formula, draws that are of their seed alone, late codebooks, a tail that is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated
from burnish.decoders.codebooks import Codebooks
from burnish.runtimes.torch import generating
from tests import music_cases as cases

V, K, FILLER = 7, 3, 7
ENDS = Ends(blank=FILLER, late=(0, 1, 2), most=20, frames_per_second=4.0, seconds=1.5)


def following(row: int, told: bool, before: Sequence[Sequence[int]]) -> Array:
    """Logits [K, V] after the codes of each step so far: any, but always the same."""
    flat = [code for step in before for code in step]
    return np.random.default_rng([row, told, *flat]).normal(size=(K, V)) * 2


class Table:
    """A network that looks its logits up; its cache is what was written so far."""

    def __init__(self, rows: Sequence[int], guided: bool) -> None:
        self.rows, self.guided, self.shown = rows, guided, list[Array]()

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        if ids is not None:
            self.shown.append(ids)
        steps = (
            [()] * len(self.rows)
            if ids is None
            else [(*c, tuple(map(int, i))) for c, i in zip(cache, ids, strict=True)]
        )
        halves = (True, False) if self.guided else (True,)
        own = [[following(row, told, step) for told in halves] for row, step in zip(self.rows, steps, strict=True)]
        return np.array(own), steps

    def picked(self, cache: Any, rows: Array) -> Any:
        raise AssertionError("all rows end at once")


def written(decoder: Codebooks, rows: Sequence[int], seeds: Sequence[int] = ()) -> list[Generated]:
    return decoder.written(Table(rows, decoder.guidance != 1), len(rows), ENDS, seeds)


def test_each_code_is_the_most_probable_under_guided_logits() -> None:
    """By hand: without the caption, and guidance times what the caption adds; fillers where a codebook is late."""
    decoder = Codebooks(guidance=2.5, temperature=0)
    table = Table([4], True)
    (found,) = decoder.written(table, 1, ENDS)
    frames, before = 6, list[list[int]]()  # 1.5 seconds of 4 frames
    score = 0.0
    for step in range(frames + 2):
        told, untold = following(4, True, before), following(4, False, before)
        best = (untold + 2.5 * (told - untold)).argmax(-1)
        before.append([int(best[k]) if step >= k else FILLER for k in range(K)])
        log = told - np.log(np.exp(told).sum(-1, keepdims=True))
        score += sum(float(log[k, best[k]]) for k in range(K) if k <= step < frames + k)
    codes = found.ids.reshape(K, frames)
    assert codes.tolist() == [[before[t + k][k] for t in range(frames)] for k in range(K)]
    assert found.score == pytest.approx(score, rel=1e-9)
    assert found.ended == "length"
    assert [s.tolist() for s in table.shown] == [[step] for step in before[:-1]], "what is written last is not read"


def test_guidance_of_1_is_plain_and_of_0_is_without_the_caption() -> None:
    plain = Codebooks(guidance=1)
    assert "guided" not in plain.asked({"input_ids": np.zeros((2, 3), np.int64)})
    assert Codebooks().asked({"input_ids": np.zeros((2, 3), np.int64)})["guided"].tolist() == [1, 1]
    rows = range(6)
    seeds = [7, 7, 8, 9, 10, 11]
    alike = Codebooks(guidance=1 + 1e-12)
    assert all(
        np.array_equal(a.ids, b.ids)
        for a, b in zip(written(plain, rows, seeds), written(alike, rows, seeds), strict=True)
    )

    class Untold(Table):
        def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
            logits, cache = super().__call__(ids, cache)
            return logits[:, 1:], cache

    without = Codebooks(guidance=0)
    by_hand = plain.written(Untold(rows, True), 6, ENDS, seeds)
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(written(without, rows, seeds), by_hand, strict=True))


def test_draws_are_of_their_seed_and_of_nothing_else() -> None:
    decoder = Codebooks(seconds=1)
    together = written(decoder, [3, 3, 5], [1, 2, 1])
    assert all(
        np.array_equal(written(decoder, [row], [seed])[0].ids, own.ids)
        for row, seed, own in zip((3, 3, 5), (1, 2, 1), together, strict=True)
    )
    assert not np.array_equal(together[0].ids, together[1].ids)
    assert decoder.written(Table([], True), 0, ENDS) == []


def test_draws_are_as_probable_as_they_should_be_and_filtered_ones_never_drawn() -> None:
    """First codes of the first codebook over fifteen hundred seeds, within five deviations."""
    logits = following(2, True, [])[0]
    shares = np.exp(logits) / np.exp(logits).sum()
    for settings in ({}, {"top_k": 3}, {"top_p": 0.7}, {"temperature": 0.5}):
        decoder = Codebooks(guidance=1, seconds=0.25, **{"top_k": None, **settings})  # type: ignore[arg-type]
        wanted = shares ** (1 / decoder.temperature)
        order = np.argsort(-wanted)
        wanted = wanted / wanted.sum()
        if decoder.top_k:
            wanted[order[decoder.top_k :]] = 0
        if decoder.top_p < 1:
            wanted[order[1 + int((wanted[order].cumsum() < decoder.top_p).sum()) :]] = 0
        wanted /= wanted.sum()
        drawn = [int(own.ids[0]) for own in written(decoder, [2] * 1500, range(1500))]
        counts = np.bincount(drawn, minlength=V) / 1500
        assert not counts[wanted == 0].any()
        assert (np.abs(counts - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / 1500) + 1e-12).all(), settings


def test_length_is_what_is_asked_for_and_thirty_seconds_at_most() -> None:
    assert len(written(Codebooks(seconds=2), [1])[0].ids) == K * 8
    assert len(written(Codebooks(seconds=30), [1])[0].ids) == K * 20, "no more than fits"
    assert Codebooks(seconds=9).briefly().seconds == 0.25
    with pytest.raises(InputError, match="30"):
        cases_built(seconds=31)


def cases_built(**settings: Any) -> Any:
    from burnish.core.component import build

    return build("burnish.decoders", {"kind": "codebooks", **settings})


def test_networks_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match="no codes"):
        Codebooks().written(Table([1], True), 1, Ends())
    with pytest.raises(InputError, match="guidance: 1"):
        Codebooks(guidance=2).written(Table([1], False), 1, ENDS)


def test_what_is_no_number_has_a_score_that_is_none() -> None:
    class Broken(Table):
        def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
            logits, cache = super().__call__(ids, cache)
            logits[1] = np.nan
            return logits, cache

    fine, broken = Codebooks(temperature=0).written(Broken([4, 5], True), 2, ENDS)
    assert np.isfinite(fine.score)
    assert np.array_equal(fine.ids, written(Codebooks(temperature=0), [4])[0].ids)
    assert np.isnan(broken.score)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_most_probable_codes_are_those_that_transformers_generates(channels: int) -> None:
    """With guidance; up to where it begins to fill its tail with fillers, which the network never learned."""
    network, processor = cases.network(channels), cases.processor(channels)
    target, frames = cases.target(channels), 8
    from burnish.inputs.caption import Caption

    reads = Caption(column="caption")
    rows = reads.encode([{"caption": c} for c in cases.CAPTIONS[:2]], processor.for_input)  # type: ignore[arg-type]
    arrays, _ = reads.collate(rows, processor.for_input)  # type: ignore[arg-type]
    decoder = Codebooks(temperature=0, guidance=3, seconds=frames / cases.FRAMES)
    own = generating(network)(decoder.asked(arrays), decoder, target.ends(processor))
    codes = np.stack([one.ids.reshape(4 * channels, frames) for one in own])
    decoded = list[Any]()
    network.model.audio_encoder.decode = lambda ids, **_: (
        decoded.append(ids) or type("Out", (), {"audio_values": ids})()
    )
    network.model.generate(
        input_ids=torch.from_numpy(arrays["input_ids"]),
        attention_mask=torch.from_numpy(arrays["attention_mask"]),
        do_sample=False,
        guidance_scale=3.0,
        max_length=1 + frames + 3,
    )
    theirs = decoded[0][0] if channels == 1 else torch.stack([decoded[0][0], decoded[1][0]], dim=2).flatten(1, 2)
    for codebook in range(4 * channels):
        whole = frames - codebook // channels  # steps before the first codebook ends
        np.testing.assert_array_equal(codes[:, codebook, :whole], theirs[:, codebook, :whole].numpy())
