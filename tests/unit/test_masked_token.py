"""Which tokens are hidden: as many as asked for, whole words, never special ones, and a pure function of their seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Encoded
from burnish.inputs.document import Document
from burnish.media.text.documents import BEGINNING, INSIDE, SPECIAL, DocumentTokenizer
from burnish.targets.masked_token import MaskedToken
from tests.checkpoints import tiny_checkpoint


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> DocumentTokenizer:
    return Document(column="x").beside("element").processor(tiny_checkpoint(tmp_path_factory.mktemp("bert"), "bert"))


def row(words: int = 400, seed: int = 0, scored: int = 1) -> Encoded:
    """A window of words of one to three tokens."""
    random = np.random.default_rng(seed)
    begins = np.concatenate([[BEGINNING] + [INSIDE] * int(random.integers(0, 3)) for _ in range(words)])
    begins = np.concatenate([[SPECIAL], begins, [SPECIAL]]).astype(np.int8)
    ids = np.where(begins == SPECIAL, 2, random.integers(5, 130, len(begins))).astype(np.int32)
    return {"input_ids": ids, "_begins": begins, "_scored": np.int32(scored), "_length": np.int32(len(ids))}  # type: ignore[dict-item]


def drawn(encoded: Encoded, processor: Any, seed: int | None = None, **fields: Any) -> tuple[Any, Any, Any]:
    shown, (targets, weights) = MaskedToken(column="x", **fields).drawn(encoded, processor, seed)
    return shown["input_ids"], targets, weights


@pytest.mark.parametrize("probability", [0.15, 0.3])
def test_as_many_as_asked_for_and_most_become_the_mask(probability: float, processor: DocumentTokenizer) -> None:
    one = row()
    shown, targets, weights = drawn(one, processor, 1, probability=probability)
    there = one["_begins"] != SPECIAL
    assert targets.tolist() == one["input_ids"].tolist()
    assert weights.sum() == round(probability * there.sum())
    assert not weights[~there].any()
    hidden = weights > 0
    assert (shown[~hidden] == targets[~hidden]).all()
    masks = np.mean(shown[hidden] == processor.hidden)
    stays = np.mean(shown[hidden] == targets[hidden])
    assert masks == pytest.approx(0.8, abs=0.12)
    assert stays == pytest.approx(0.1, abs=0.09)
    assert not np.isin(shown[hidden & (shown != processor.hidden)], processor.special).any()


def test_words_are_hidden_whole(processor: DocumentTokenizer) -> None:
    one = row()
    word = np.cumsum(one["_begins"] == BEGINNING)
    whole, single = drawn(one, processor, 3, whole_words=True)[2], drawn(one, processor, 3)[2]

    def parts(weights: Any) -> int:
        hidden = set(word[weights > 0].tolist())
        return sum(not weights[(word == w) & (one["_begins"] != SPECIAL)].all() for w in hidden)

    assert parts(whole) == 0
    assert parts(single) > 10
    assert whole.sum() == pytest.approx(0.15 * (one["_begins"] != SPECIAL).sum(), abs=3)


def test_masks_are_a_function_of_their_seed_and_else_of_the_text(processor: DocumentTokenizer) -> None:
    one, other = row(), row(seed=1)
    np.testing.assert_array_equal(drawn(one, processor, 7)[0], drawn(one, processor, 7)[0])
    assert (drawn(one, processor, 7)[2] != drawn(one, processor, 8)[2]).any()
    np.testing.assert_array_equal(drawn(one, processor)[0], drawn(row(), processor)[0])
    assert drawn(one, processor)[2][:50].tolist() != drawn(other, processor)[2][:50].tolist()
    target = MaskedToken(column="x")
    np.testing.assert_array_equal(target.given(None, one, processor)["input_ids"], drawn(one, processor)[0])
    np.testing.assert_array_equal(target.encode(None, one, processor)[1], drawn(one, processor)[2])


def test_context_is_never_hidden_and_one_token_always_is(processor: DocumentTokenizer) -> None:
    assert not drawn(row(scored=200), processor, 5)[2][:200].any()
    short = row(words=1)
    assert drawn(short, processor, 5)[2].sum() == 1
    assert drawn(short, processor, 5, whole_words=True)[2].sum() == (short["_begins"] != SPECIAL).sum()
    nothing = {**row(), "_begins": np.full(len(row()["input_ids"]), SPECIAL, np.int8)}
    assert not drawn(nothing, processor, 5)[2].any()
