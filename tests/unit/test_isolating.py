"""Rows of one batch: all together, then halves, then alone, so that one that fails costs no other its answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from burnish.answering.isolating import beside, isolated
from burnish.core.answer import Answer
from burnish.core.errors import InputError, RunFailed


class Model:
    """Answers a number with itself; whole batches fail by the numbers in `bad`."""

    def __init__(self, bad: Sequence[int] = (), error: Callable[[], Exception] = lambda: ValueError("bad")) -> None:
        self.bad, self.error, self.batches = set(bad), error, list[list[int]]()

    def __call__(self, rows: Sequence[int]) -> list[Answer]:
        self.batches.append(list(rows))
        if self.bad & set(rows):
            raise self.error()
        return [Answer(float(row), {}) for row in rows]


def values(answers: Sequence[Answer | Exception]) -> list[float | str]:
    return [a.answer if isinstance(a, Answer) else str(a) for a in answers]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_rows_that_do_not_fail_are_computed_once_and_together(count: int) -> None:
    model = Model()
    assert values(isolated(model, range(count))) == [float(n) for n in range(count)]
    assert model.batches == [list(range(count))]


@pytest.mark.parametrize("bad", [[0], [63], [17], [3, 40], list(range(0, 64, 2)), list(range(64))])
def test_each_that_fails_has_its_own_error_and_costs_no_other_its_answer(bad: list[int]) -> None:
    model = Model(bad)
    assert values(isolated(model, range(64))) == ["bad" if n in bad else float(n) for n in range(64)]


@pytest.mark.parametrize("place", [0, 31, 63])
def test_one_bad_row_among_n_costs_2_log_n_batches(place: int) -> None:
    model = Model([place])
    isolated(model, range(64))
    assert len(model.batches) == 1 + 2 * 6
    assert [place] in model.batches


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_no_number_is_an_error_of_its_row(number: float) -> None:
    def model(rows: Sequence[int]) -> list[Answer]:
        return [Answer(number if row == 1 else 0.0, {}) for row in rows]

    assert values(isolated(model, range(3))) == [0.0, "the model's prediction is not a finite number", 0.0]
    only = Answer("a", {"a": number, "b": 0.5})
    assert isinstance(isolated(lambda rows: [only], [0])[0], InputError)


@pytest.mark.parametrize("count", [8, 13])
def test_a_model_at_fault_is_said_where_that_is_asked_for(count: int) -> None:
    with pytest.raises(RunFailed, match=r"none of \d+ examples could be predicted: ValueError: bad"):
        isolated(Model(range(count)), range(count), hopeless=8)
    assert values(isolated(Model(range(count)), range(count))) == ["bad"] * count
    assert values(isolated(Model(range(count - 1)), range(7), hopeless=8)) == ["bad"] * 7
    assert values(isolated(Model(range(1, count)), range(count), hopeless=count)) == [0.0, *["bad"] * (count - 1)]


def test_rows_at_fault_are_never_the_models_fault() -> None:
    found = isolated(Model(range(20), lambda: InputError("spoiled")), range(20), hopeless=8)
    assert values(found) == ["spoiled"] * 20


def test_what_is_no_failure_of_a_row_goes_through() -> None:
    def stopped() -> Exception:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        isolated(Model([1], stopped), range(4))


def test_errors_stay_where_their_rows_stood() -> None:
    first, last = ValueError("first"), ValueError("last")
    assert beside(ValueError, [first, 1, 2, last], ["one", "two"]) == [first, "one", "two", last]
    assert beside(ValueError, [], []) == []
