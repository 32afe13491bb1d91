"""Decoders at the bounds of their settings, and beside networks that give no numbers, alone as in a batch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest

from burnish.answering.isolating import finite
from burnish.core.answer import Answer
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.generated import Ends, Generated
from burnish.decoders import Decoder

Logits = Callable[[int, Sequence[int]], Array]
STEPWISE = ("greedy", "beam", "sampling")


class Net:
    """Logits by row and what was written; its cache is that."""

    def __init__(self, rows: Sequence[int], logits: Logits) -> None:
        self.rows, self.logits = rows, logits

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        before = [(row, ()) for row in self.rows] if ids is None else cache
        now = before if ids is None else [(row, (*own, int(i))) for (row, own), i in zip(before, ids, strict=True)]
        return np.stack([self.logits(row, own) for row, own in now]), now

    def picked(self, cache: Any, rows: Array) -> Any:
        return [cache[int(r)] for r in rows]


def written(decoder: Decoder, rows: Sequence[int], logits: Logits, ends: Ends | None = None) -> list[Generated]:
    """Without a warning of numpy."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return decoder.written(Net(rows, logits), len(rows), ends or Ends(frozenset({0})))


def made(kind: str, **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, "max_new_tokens": 6, **settings}))


def some(row: int, ids: Sequence[int]) -> Array:
    return np.random.default_rng([row, *ids]).normal(size=4)


BROKEN: dict[str, Logits] = {
    "not a number": lambda row, ids: np.full(4, math.nan),
    "nothing is possible": lambda row, ids: np.full(4, -math.inf),
    "infinite": lambda row, ids: np.array([0, math.inf, 0, 0]),
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("kind", STEPWISE)
def test_a_network_that_gives_no_number_has_an_answer_whose_score_is_none(kind: str, what: str) -> None:
    """It ends at once, and costs no other row anything."""
    broken = BROKEN[what]
    together = written(made(kind), range(3), lambda row, ids: broken(row, ids) if row == 1 else some(row, ids))
    assert math.isnan(together[1].score)
    assert (together[1].ended, len(together[1].ids)) == ("length", 0)
    for row in (0, 2):
        (alone,) = written(made(kind), [row], some)
        assert (alone.ids.tolist(), alone.score) == (together[row].ids.tolist(), together[row].score)
    (late,) = written(
        made(kind, width=1) if kind == "beam" else made(kind),
        [5],
        lambda row, ids: broken(row, ids) if len(ids) == 2 else np.array([-9.0, 0, 1, 2]),
    )
    assert math.isnan(late.score)
    assert len(late.ids) == 2


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("kind", ["ctc_greedy", "ctc_beam"])
def test_frames_that_are_no_numbers_have_a_score_that_is_none(kind: str, what: str) -> None:
    frames = np.stack([some(0, [n]) for n in range(4)])
    frames[2] = BROKEN[what](0, ())
    decoder = cast(Decoder, build("burnish.decoders", kind))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(decoder.labelled(frames, Ends()).score)


def test_an_answer_whose_score_is_no_number_is_none() -> None:
    """It was given with a confidence of 1."""
    answer = Answer("text", {}, None, math.nan, "length")
    assert not finite(answer)
    assert answer.confidence is not None
    assert math.isnan(answer.confidence)
    assert finite(Answer("text", {}, None, -1.5, "stop"))
    assert Answer("text", {}, None, 1e-12, "stop").confidence == 1.0


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("beam", {"width": 50}),
        ("beam", {"width": 50, "max_new_tokens": 1}),
        ("beam", {"length_penalty": 1000.0}),
        ("beam", {"length_penalty": 0.0}),
        *[("sampling", {"repetition_penalty": at}) for at in (1e-308, 1e308)],
        *[("sampling", {"temperature": at}) for at in (1e-308, 1e308)],
        ("sampling", {"top_p": 1e-300}),
        ("sampling", {"top_k": 1000, "min_p": 1.0, "seed": 2**70}),
        ("greedy", {"max_new_tokens": 1}),
    ],
)
@pytest.mark.parametrize(
    "logits",
    [
        some,
        lambda row, ids: np.zeros(4),  # all alike
        lambda row, ids: np.zeros(1),  # a vocabulary of one token, which stops
        lambda row, ids: np.array([-math.inf, 1.0, -math.inf, -math.inf]),  # nothing else is possible
        lambda row, ids: np.array([1e308, -1e308, 1e308, 0]),
        lambda row, ids: some(row, ids).astype(np.float16),
    ],
)
def test_settings_at_their_bounds_give_an_answer_with_a_number(
    kind: str, settings: dict[str, Any], logits: Logits
) -> None:
    for found in written(made(kind, **settings), range(3), logits):
        assert math.isfinite(found.score)
        assert len(found.ids) <= settings.get("max_new_tokens", 6)
    assert written(made(kind, **settings), [], logits) == []


@pytest.mark.parametrize("last", [0, 3])
def test_a_stop_text_with_many_empty_tokens_inside_is_left_out(last: int) -> None:
    """Tokens without a text, such as control tokens, lie between its letters; the answer ends by a stop token or its length."""
    tokens = [1, 2, *[4] * 40, 3, 1, last]
    ends = Ends(frozenset({0}), lambda ids: "".join(["", "a", "E", "D", ""][i] for i in ids))
    (found,) = written(
        made("greedy", stop=["ED"], max_new_tokens=len(tokens)),
        [0],
        lambda row, ids: np.eye(5)[tokens[len(ids)]] * 50,
        ends,
    )
    assert (found.cut, found.ended) == (1, "stop")


def test_stop_texts_of_several_bytes_lie_across_tokens_of_single_bytes() -> None:
    """Half of a character is no text yet, and matches nothing."""
    answer = "naïve 終わり!".encode()
    ends = Ends(frozenset({0}), lambda ids: bytes(ids).decode("utf-8", "replace"))
    for stop, cut in (("終わ", 6), ("ï", 2), ("り!", 8), ("…", None)):
        (found,) = written(
            made("greedy", stop=[stop], max_new_tokens=60),
            [0],
            lambda row, ids: np.eye(256)[answer[len(ids)] if len(ids) < len(answer) else 0] * 50,
            ends,
        )
        assert (found.cut, found.ended) == (cut, "stop")
        text = bytes(found.ids.tolist()).decode("utf-8", "replace")[: found.cut]
        assert text == answer.decode()[:cut]
