"""What every decoder must do: the same alone and in a batch, ends with a reason, scores that are the network's; and equalities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, product
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated
from burnish.decoders import Decoder
from burnish.decoders._stepwise import log_softmax

AXIS = "burnish.decoders"
STOP, VOCABULARY = 0, 4
ENDS = Ends(frozenset({STOP}), lambda ids: "".join("-abc"[i] for i in ids))


def made(kind: str, **settings: Any) -> Decoder:
    return cast(Decoder, build(AXIS, {"kind": kind, **settings}))


def following(row: int, ids: Sequence[int]) -> Array:
    """Logits after these tokens of a row: any, but always the same."""
    return np.random.default_rng([row, *ids]).normal(size=VOCABULARY) * 2


class Table:
    """A network that looks its logits up; its cache is what was written so far."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows, self.calls = rows, 0

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        self.calls += 1
        if ids is None:
            cache = [(row, ()) for row in self.rows]
        else:
            cache = [(row, (*own, int(i))) for (row, own), i in zip(cache, ids, strict=True)]
        return np.stack([following(row, own) for row, own in cache]), cache

    def picked(self, cache: Any, rows: Array) -> Any:
        return [cache[int(r)] for r in rows]


def written(decoder: Decoder, rows: Sequence[int], seeds: Sequence[int] = (), ends: Ends = ENDS) -> list[Generated]:
    return decoder.written(Table(rows), len(rows), ends, seeds)


def score(row: int, ids: Sequence[int], ended: str) -> float:
    """By hand: the sum of log probabilities, of the stop token too."""
    whole = [*ids, STOP] if ended == "stop" else list(ids)
    return float(sum(log_softmax(following(row, whole[:i]))[token] for i, token in enumerate(whole)))


def same(one: Generated, other: Generated) -> bool:
    return one.ids.tolist() == other.ids.tolist() and one.ended == other.ended and abs(one.score - other.score) < 1e-12


STEPWISE = [kind for kind in kinds(AXIS) if made(kind).reads == "steps"]
FRAMEWISE = [kind for kind in kinds(AXIS) if made(kind).reads == "frames"]


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_says_what_it_reads_and_its_settings_are_plain(kind: str) -> None:
    decoder = made(kind)
    assert decoder.reads in ("logits", "steps", "frames", "codebooks")
    assert build(AXIS, decoder.model_dump(mode="json")) == decoder


@pytest.mark.parametrize("kind", STEPWISE)
def test_a_row_alone_is_written_as_in_a_batch(kind: str) -> None:
    decoder = made(kind, max_new_tokens=12)
    together = written(decoder, range(20))
    assert all(same(own, written(decoder, [row])[0]) for row, own in enumerate(together))
    assert decoder.written(Table([]), 0, ENDS) == []


@pytest.mark.parametrize("kind", STEPWISE)
def test_scores_and_ends(kind: str) -> None:
    """Stop tokens are left out and scored; an answer that is cut off has all its tokens, and says so."""
    for row, found in enumerate(written(made(kind, max_new_tokens=3), range(30))):
        assert STOP not in found.ids
        assert found.score == pytest.approx(score(row, found.ids, found.ended), abs=1e-9)
        assert len(found.ids) <= 3
        assert (found.ended == "length") == (len(found.ids) == 3)


@pytest.mark.parametrize("kind", STEPWISE)
def test_stop_texts_lie_across_tokens(kind: str) -> None:
    """What stands before the first one is the answer, as told by characters."""
    ends = Ends(frozenset({99}), lambda ids: "".join(["xy", "zx", "yz", "q"][i] for i in ids))
    found = written(made(kind, max_new_tokens=40, stop=["zxy", "yx"]), range(6), ends=ends)
    assert any(g.cut is not None for g in found)
    for own in found:
        text = ends.text(own.ids) if ends.text else ""
        first = [at for stop in ("zxy", "yx") if (at := text.find(stop)) >= 0]
        assert own.cut == (min(first) if first else None)
        assert own.ended == ("stop" if first else "length")
        assert not any(stop in ends.text(own.ids[:-1]) for stop in ("zxy", "yx"))  # type: ignore[misc]
    with pytest.raises(InputError, match="no texts"):
        written(made(kind, stop=["a"]), [0], ends=Ends())
    with pytest.raises(InputError, match="empty stop"):
        made(kind, stop=[""])


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_a_beam_of_width_1_is_greedy(length_penalty: float) -> None:
    beam = made("beam", width=1, max_new_tokens=8, length_penalty=length_penalty)
    greedy = written(made("greedy", max_new_tokens=8), range(40))
    assert all(map(same, written(beam, range(40)), greedy))


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_beam_that_is_wide_enough_is_exhaustive(length_penalty: float) -> None:
    """Every sequence of up to four tokens, judged by hand."""
    others = [t for t in range(VOCABULARY) if t != STOP]
    for row in range(8):
        every = [(ids, "stop") for n in range(4) for ids in product(others, repeat=n)]
        every += [(ids, "length") for ids in product(others, repeat=4)]
        worth = {own: score(row, *own) / max(1, len(own[0]) + (own[1] == "stop")) ** length_penalty for own in every}
        best = max(every, key=worth.__getitem__)
        beam = made("beam", width=len(every), max_new_tokens=4, length_penalty=length_penalty)
        (found,) = written(beam, [row])
        assert (tuple(found.ids.tolist()), found.ended) == best


def test_sampling_at_no_temperature_is_greedy() -> None:
    greedy = written(made("greedy", max_new_tokens=8), range(20))
    for settings in ({"temperature": 0}, {"temperature": 1e-9}, {"temperature": 1e-308}, {"top_k": 1}, {"min_p": 1.0}):
        assert all(map(same, written(made("sampling", max_new_tokens=8, **settings), range(20)), greedy)), settings


def test_sampling_is_of_its_seed_and_of_nothing_else() -> None:
    decoder = made("sampling", max_new_tokens=10)
    first, again = (written(decoder, [3, 3, 3], seeds=[1, 2, 1]) for _ in range(2))
    assert all(map(same, first, again))
    assert same(first[0], first[2])
    assert any(not same(own[0], own[1]) for own in [written(decoder, [row, row], seeds=[1, 2]) for row in range(5)])


def test_sampling_draws_what_is_probable() -> None:
    """Shares of first tokens over four thousand seeds, within five deviations; filtered ones never."""
    shares = np.exp(log_softmax(following(5, ())))
    draws = [int(([*g.ids, STOP])[0]) for g in written(made("sampling", max_new_tokens=1), [5] * 4000, range(4000))]
    counts = np.bincount(draws, minlength=VOCABULARY) / 4000
    assert np.all(np.abs(counts - shares) < 5 * np.sqrt(shares * (1 - shares) / 4000) + 1e-9)
    order = np.argsort(-shares)
    cases: list[tuple[dict[str, Any], int]] = [
        ({"top_k": 2}, 2),
        ({"top_p": float(shares[order[:2]].sum() - 1e-6)}, 2),
        ({"min_p": float(shares[order[2]] / shares[order[0]] - 1e-6)}, 3),
    ]
    for settings, many in cases:
        found = written(made("sampling", max_new_tokens=1, **settings), [5] * 300, range(300))
        assert {int(([*g.ids, STOP])[0]) for g in found} <= set(order[:many].tolist()), settings


def test_the_repetition_penalty_by_hand() -> None:
    """Logits above 0 are divided, those below multiplied, of tokens that were written already."""
    from burnish.decoders._stepwise import Sequences

    decoder = cast(Any, made("sampling", repetition_penalty=2.0))
    found = decoder.weakened(np.array([1.0, 2.0, -1.0, 3.0]), Sequences([1, 2, 1]))
    assert found.tolist() == [1.0, 1.0, -2.0, 3.0]


def test_penalties_and_biases_by_hand() -> None:
    """What was written twice loses the frequency penalty twice, and the presence penalty once."""
    from burnish.decoders._stepwise import Sequences

    settings = {"frequency_penalty": 0.5, "presence_penalty": 0.25, "logit_bias": {"3": -2, 0: 1.5}}
    decoder = cast(Any, made("sampling", **settings))
    logits = np.array([1.0, 2.0, -1.0, 3.0])
    assert decoder.weakened(logits, Sequences([1, 2, 1])).tolist() == [2.5, 0.75, -1.75, 1.0]
    assert logits.tolist() == [1.0, 2.0, -1.0, 3.0]
    with pytest.raises(InputError, match="-100 to 100"):
        made("sampling", logit_bias={"1": 101})
    with pytest.raises(InputError, match="does not have"):
        written(made("sampling", logit_bias={"9": 1}), [0])


@pytest.mark.parametrize("settings", [{}, {"top_k": 511}, {"top_k": 513}, {"top_p": 0.97}, {"min_p": 1e-4}])
@pytest.mark.parametrize("spread", [0.01, 3.0])
def test_draws_are_those_of_a_whole_sort(settings: dict[str, Any], spread: float) -> None:
    """Only the most probable tokens are sorted where that is enough; ties at the edge included."""
    from burnish.decoders._stepwise import Sequences

    decoder = cast(Any, made("sampling", **settings))
    for seed in range(40):
        random = np.random.default_rng(seed)
        logits = np.round(random.normal(size=2000) * spread, 2).astype(np.float32)
        shares = np.exp(log_softmax(logits))
        order = np.argsort(-shares, kind="stable")[: settings.get("top_k")]
        kept = shares[order] / shares[order].sum()
        enough = int(np.searchsorted(kept.cumsum(), settings.get("top_p", 1.0) * (1 - 1e-12))) + 1
        enough = min(enough, int((kept >= settings.get("min_p", 0.0) * kept[0]).sum()))
        draw = np.random.default_rng(seed).random()
        wanted = order[min(np.searchsorted(kept[:enough].cumsum(), draw * kept[:enough].sum(), "right"), enough - 1)]
        assert decoder.chosen(logits, Sequences(), np.random.default_rng(seed)) == wanted


@pytest.mark.parametrize("kind", ["greedy", "sampling"])
def test_chances_of_each_token(kind: str) -> None:
    """Of the tokens and of the one that stopped it; the most probable first; they add up to the score."""
    for row in range(20):
        line = cast(Any, made(kind, max_new_tokens=5)).line(ENDS, 1, 2)
        whole = None
        while whole is None:
            _, whole = line.took(following(row, line.ids))
        stop = [line.chances[-1].token] if whole.ended == "stop" else []
        assert [chance.token for chance in line.chances] == [*whole.ids.tolist(), *stop]
        assert set(stop) <= set(ENDS.stop)
        assert sum(chance.log for chance in line.chances) == pytest.approx(whole.score, abs=1e-12)
        for place, chance in enumerate(line.chances):
            logs = log_softmax(following(row, whole.ids[:place].tolist()))
            assert chance.log == pytest.approx(logs[chance.token], abs=1e-12)
            assert [token for token, _ in chance.others] == np.argsort(-logs)[:2].tolist()
            assert [log for _, log in chance.others] == pytest.approx(sorted(logs)[:-3:-1], abs=1e-12)
        plain = cast(Any, made(kind)).line(ENDS, 1)
        plain.took(following(row, ()))
        assert not plain.chances


def labelling(path: Sequence[int], blank: int = 0) -> tuple[int, ...]:
    return tuple(token for token, _ in groupby(path) if token != blank)


@pytest.mark.parametrize("seed", range(12))
def test_a_full_prefix_beam_is_the_sum_over_all_paths(seed: int) -> None:
    """The most probable labelling and its probability, by every one of the paths."""
    frames = np.random.default_rng(seed).normal(size=(5, 3)) * (1 + seed % 3)
    paths: dict[tuple[int, ...], float] = {}
    chances = np.exp(log_softmax(frames))
    for path in product(range(3), repeat=5):
        own = float(np.prod([chances[i, token] for i, token in enumerate(path)]))
        paths[labelling(path)] = paths.get(labelling(path), 0.0) + own
    best = max(paths, key=paths.__getitem__)
    found = made("ctc_beam", width=10_000).labelled(frames, Ends())
    assert tuple(found.ids.tolist()) == best
    assert np.exp(found.score) == pytest.approx(paths[best], rel=1e-9)
    greedy = made("ctc_greedy").labelled(frames, Ends())
    assert tuple(greedy.ids.tolist()) == labelling(frames.argmax(axis=1).tolist())
    assert np.exp(greedy.score) == pytest.approx(np.prod(chances.max(axis=1)))
    assert found.score >= greedy.score


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("width", [1, 3, 16])
def test_a_prefix_beam_is_that_of_plain_dictionaries(seed: int, width: int) -> None:
    """The textbook's search over prefixes as tuples, tokens one by one, on frames of a size that is used."""
    frames = np.random.default_rng(seed).normal(size=(60, 8)) * 2
    frames[:, 5] = -np.inf if seed % 2 else frames[:, 5]
    beams = {(): (0.0, -np.inf)}
    for frame in log_softmax(frames):
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (blank, other) in beams.items():
            both = np.logaddexp(blank, other)
            ways = [(prefix, 0, both + frame[0]), *((prefix, 1, other + frame[t]) for t in prefix[-1:])]
            ways += [((*prefix, t), 1, (blank if prefix[-1:] == (t,) else both) + frame[t]) for t in range(1, 8)]
            for longer, place, log in ways:
                sums = grown.setdefault(longer, [-np.inf, -np.inf])
                sums[place] = np.logaddexp(sums[place], log)
        best = sorted(grown.items(), key=lambda beam: -np.logaddexp(*beam[1]))[:width]
        beams = {prefix: (sums[0], sums[1]) for prefix, sums in best}
    prefix = max(beams, key=lambda beam: np.logaddexp(*beams[beam]))
    found = made("ctc_beam", width=width).labelled(frames, Ends())
    assert tuple(found.ids.tolist()) == prefix
    assert found.score == pytest.approx(float(np.logaddexp(*beams[prefix])), abs=1e-9)


def test_fewer_tokens_a_frame_lose_probability_and_never_invent_it() -> None:
    frames = np.random.default_rng(0).normal(size=(40, 30)) * 3
    scores = [made("ctc_beam", tokens_per_frame=most).labelled(frames, Ends()).score for most in (2, 8, 29, None)]
    assert scores[0] <= scores[1] + 1e-9
    assert scores[1] < scores[3] + 1e-9
    assert scores[2] == scores[3]


@pytest.mark.parametrize("kind", FRAMEWISE)
def test_repeats_need_a_blank_between_them(kind: str) -> None:
    sure = 50 * np.eye(3)
    assert made(kind).labelled(sure[[1, 1, 0, 1, 2, 2, 0]], Ends()).ids.tolist() == [1, 1, 2]
    assert made(kind).labelled(sure[[0, 0, 2]], Ends(blank=2)).ids.tolist() == [0]
    assert made(kind).labelled(np.zeros((0, 3)), Ends()).ids.tolist() == []
