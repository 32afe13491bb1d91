"""Several rows in one line: packed is unpacked, every element belongs to its row, and what cannot share a line is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.core.batch import Batch
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.feeding.packing import lines_of, packed_batch, require_packable
from burnish.data.samplers.shuffled import Shuffled
from burnish.inputs import Input
from burnish.losses.cross_entropy import CrossEntropy
from burnish.targets.label import Label
from burnish.targets.tags import Tags
from burnish.training.objective import SupervisedModule
from tests import toy_sequences as toy
from tests.sequence_cases import sequences, tensors

LINES = [np.array([3, 0]), np.array([5]), np.array([1, 2, 7])]


def test_packed_is_unpacked(tmp_path: Path) -> None:
    """Losses of each row, their sum and its gradients in float64: however rows share lines."""
    made = sequences(tmp_path, "Reply")
    order = np.concatenate(LINES)
    objective = SupervisedModule(made.network, made.loss)
    found = []
    for batch in (made.loader.batch(order), packed_batch(made.loader, LINES)):
        assert batch.rows.tolist() == order.tolist()
        inputs, truth = tensors(batch)
        terms = objective.terms(inputs, truth)
        gradients = torch.autograd.grad(terms.summed().total, list(made.network.letters.parameters()))
        found.append((*terms.by_row(len(order)), *gradients))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_a_packed_batch_says_what_belongs_to_whom(tmp_path: Path) -> None:
    rows = [{"text": t, "answer": t[::-1].upper()} for t in ("ab", "c", "abc")]
    made = sequences(tmp_path, "Reply", rows)
    batch = packed_batch(made.loader, [np.array([0, 1]), np.array([2])], 1)
    assert batch.inputs["position_ids"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 0]]
    assert batch.owner.tolist() == [[0] * 5 + [1] * 3, [2] * 8]
    assert batch.lines.tolist() == [0, 0, 1]
    assert len(batch) == 3
    assert batch.by_row(batch.weights).tolist() == [3, 2, 0], "lines after the first are repeats that weigh nothing"
    assert (batch.useful, batch.size) == (8, 16)


def test_a_line_of_one_row_is_that_row(tmp_path: Path) -> None:
    made = sequences(tmp_path, "Reply")
    plain, packed = made.loader.batch(np.arange(3)), packed_batch(made.loader, [np.array([i]) for i in range(3)])
    for name in ("targets", "weights", "owner", "lines", "rows", "useful", "size"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(packed, name), err_msg=name)
    for name, value in plain.inputs.items():
        np.testing.assert_array_equal(value, packed.inputs[name], err_msg=name)


def test_samplers_pack_only_where_they_say_so() -> None:
    assert not Shuffled.packs()
    assert toy.Packed.packs()
    assert [line.tolist() for line in toy.Packed(line=10).packed(np.array([6, 5, 4, 5, 11]))] == [[0, 2], [1, 3], [4]]
    assert [line.tolist() for line in Shuffled().packed(np.array([6, 5]))] == [[0], [1]]


@pytest.mark.parametrize(
    "lines", [[[0, 1]], [[0, 1], [1, 2]], [[0, 1, 2], []], [[0, 1], [2, 3]], [[0, 1], [-1]], []], ids=str
)
def test_a_sampler_that_loses_rows_is_an_error(lines: list[list[int]]) -> None:
    """Rows that are in no line would never be learned from, and nobody would see it."""

    class Losing(toy.Packed):
        def packed(self, lengths: Any) -> list[Any]:
            return [np.array(line, np.int64) for line in lines]

    with pytest.raises(ValueError, match="each row must be in one line"):
        lines_of(Losing(line=10), np.array([3, 4, 5]))
    assert [line.tolist() for line in lines_of(toy.Packed(line=8), np.array([3, 4, 5]))] == [[0, 1], [2]]


def test_what_cannot_share_a_line_is_refused() -> None:
    loss, spelling = CrossEntropy(), toy.Spelling()
    tokens = cast(Input, build("burnish.inputs", {"kind": "tokens", "column": "x"}))
    require_packable(spelling, toy.Reply(), loss)
    for given, why in (
        ((spelling, Label(), loss), "one label for each example"),
        ((spelling, toy.Shown(), loss), "beside the input"),
        ((spelling, toy.Frames(), toy.Ctc()), "each example alone"),
        ((spelling, toy.Frames(), loss), "do not stand in the input"),
        ((tokens, Tags(), loss), "cannot share a line"),
    ):
        with pytest.raises(InputError, match=why):
            require_packable(*given)


def test_a_truth_longer_than_its_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer than their example"):
        toy.Reply().packed([(np.zeros(3), np.zeros(3))], [2])


def test_sums_of_rows_count_packed_rows() -> None:
    """`by_row` of a batch by hand."""
    owner = np.array([[0, 0, 1], [2, 2, 2]])
    batch = Batch({}, owner, owner.astype(np.float32), owner, np.array([0, 0, 1]), np.array([7, 8, 9]), 6, 6)
    assert batch.by_row(np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 0.5]])).tolist() == [3.0, 4.0, 2.5]
