"""Scores of tunes: metrics by hand, copies in any key, histograms that overlap, and real tunes beside real ones."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.predictions import Predictions
from burnish.evaluation.music import musical_scores, overlap, steps
from burnish.media.music.abc import read, transposed
from burnish.media.music.passages import Passages, moves
from burnish.metrics import Metric
from tests.musical_cases import REEL, REEL_IN_G, SHORT_BAR, WALTZ, tune_table
from tests.reply_cases import reply_table


def value(kind: str, table: Predictions) -> float:
    metric = build("burnish.metrics", kind)
    assert isinstance(metric, Metric)
    return metric.value(table)


def test_valid_tunes() -> None:
    table = tune_table([REEL] * 5, [REEL, SHORT_BAR, "no tune", None, WALTZ[:-4]])
    assert value("valid_tune", table) == 1 / 5
    metric = build("burnish.metrics", "valid_tune")
    assert metric.share_of(table).all()  # type: ignore[attr-defined]


def test_keys_and_meters() -> None:
    without_key = WALTZ.replace("K:Am", "K:none")
    table = tune_table([REEL, REEL, WALTZ, without_key], [REEL_IN_G, WALTZ, SHORT_BAR, WALTZ])
    assert value("key_as_asked", table) == pytest.approx(1 / 3)
    assert value("meter_as_asked", table) == 3 / 4
    assert value("key_as_asked", tune_table([WALTZ], [WALTZ.replace("K:Am", "K:A")])) == 0
    assert math.isnan(value("key_as_asked", tune_table([without_key], [WALTZ])))


def test_passages_are_shared_in_any_key() -> None:
    reel, waltz = moves(read(REEL)), moves(read(WALTZ))
    passages = Passages([reel, waltz])
    assert passages.share(moves(read(REEL_IN_G))) == 1
    assert passages.share(moves(read(transposed(WALTZ, 5)))) == 1
    assert passages.share([]) == 0
    assert passages.longest([*reel[3:9], (50, Fraction(1))]) == 6
    assert passages.longest([reel[-1], waltz[0]]) == 1, "no passage goes on into the next tune"


def test_the_longest_passage_is_that_of_a_plain_search() -> None:
    random = np.random.default_rng(0)
    melodies = [[(int(step), Fraction(1)) for step in random.integers(0, 3, 40)] for _ in range(6)]
    passages = Passages(melodies[:5])
    asked = melodies[5]

    def there(part: list[tuple[int, Fraction]]) -> bool:
        return any(one[at : at + len(part)] == part for one in melodies[:5] for at in range(len(one)))

    plain = max(size for size in range(41) for at in range(41 - size) if not size or there(asked[at : at + size]))
    assert passages.longest(asked) == plain


def test_rhythm_belongs_to_a_passage() -> None:
    reel = moves(read(REEL))
    slow = [(step, 2 * length) for step, length in reel]
    assert Passages([reel]).share(slow) < 0.2


def test_overlap() -> None:
    assert overlap(np.array([1.0, 1, 2]), np.array([2.0, 2, 4])) == 1
    assert overlap(np.array([1.0, 0]), np.array([0.0, 1])) == 0
    assert overlap(np.array([1.0, 1]), np.array([1.0, 3])) == 0.75
    assert np.isnan(overlap(np.zeros(2), np.ones(2)))


def test_steps_beyond_an_octave_share_a_bin() -> None:
    tune = read("X:1\nM:4/4\nL:1/4\nK:C\nC,c'C,D,|]\n")
    assert steps(tune) == {13: 1, -13: 1, 2: 1}


def test_scores_of_a_table() -> None:
    told = musical_scores(
        tune_table([REEL, WALTZ, REEL, WALTZ], [REEL_IN_G, WALTZ, "nothing", SHORT_BAR]),
        [read(REEL)],
        seed=0,
        resamples=200,
    )["music"]
    assert told["tunes"] == {"rows": 4, "read": 3}
    assert 1 / 3 <= told["copied"]["value"] < 0.5  # a few moves of a waltz stand in a reel
    assert told["copied"]["copies"] == pytest.approx(1 / 3)
    assert told["copied"]["real"]["copies"] == 0.5
    for one in told["alike"].values():
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1 + 1e-12
        assert one["floor"]["low"] <= one["floor"]["value"] <= one["floor"]["high"]
    same = musical_scores(tune_table([REEL, WALTZ], [REEL, WALTZ]), [], seed=0, resamples=50)["music"]
    assert [one["value"] for one in same["alike"].values()] == pytest.approx([1, 1, 1])
    assert same["copied"]["value"] == same["copied"]["copies"] == 0
    assert same["copied"]["copies_high"] == pytest.approx(1 - 0.025**0.5), "two of two say little about others"


def test_the_checkpoint_as_it_was_stands_beside() -> None:
    truths = [REEL, WALTZ]
    told = musical_scores(
        tune_table(truths, truths), [read(REEL)], tune_table(truths, ["", "no tune"]), seed=0, resamples=20
    )["music"]
    assert told["base"] == {"tunes": {"rows": 2, "read": 0}}


def test_other_answers_have_none() -> None:
    assert musical_scores(reply_table(["yes"], ["yes"]), [], seed=0) == {}
