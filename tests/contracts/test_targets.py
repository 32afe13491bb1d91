"""What every target must do: learn only from what it is given, and give back as an answer what was the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.batch import Encoded
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.targets import Generative, Named, OverVocabulary, Target, names_of
from tests.data_cases import BARE

AXIS = "burnish.targets"
CLOSED = [k for k in kinds(AXIS) if not issubclass(component_class(AXIS, k), (OverVocabulary, Generative))]
"""Answers that are made of a few names, or a number; those that are written have tests of their own."""


@dataclass(frozen=True)
class Case:
    """Values of a training split, with gaps; what training did not see; and what is no truth at all."""

    values: list[Any]
    names: tuple[str, ...]
    unknown: list[Any]
    missing: list[Any]
    given: dict[str, Any]


CASES = {
    "label": Case(
        ["pear", "apple", None, " fig ", "pear", "", float("nan"), "apple"],
        ("apple", "fig", "pear"),
        ["plum", 7],
        [None, "", "  ", float("nan")],
        {"labels": ["pear", "fig", "apple"]},
    ),
    "labels": Case(
        [["b", "a"], "c|a", None, [], "b", ["c", None, "c"], ""],
        ("a", "b", "c"),
        [],
        [None, ""],
        {"labels": ["c", "b", "a"]},
    ),
    "score": Case(
        [1.0, "2.5", 4, None, "", float("nan"), 3.25],
        (),
        ["many", True, [1.0], float("inf")],
        [None, "", float("nan")],
        {},
    ),
    "tags": Case(
        [["O", "B-x", "I-x"], "O O B-y", None, [], ["B-y"], ""],
        ("B-x", "B-y", "I-x", "O"),
        [],
        [None, "", float("nan")],
        {"labels": ["O", "B-x", "I-x", "B-y"]},
    ),
}


def case(kind: str) -> Case:
    assert kind in CASES, f"add a case for target {kind!r} to {__name__}"
    return CASES[kind]


def made(kind: str, **settings: Any) -> Target:
    return cast(Target, build(AXIS, {"kind": kind, "column": "truth", **settings}))


def learned(kind: str) -> Target:
    return made(kind).learned(iter(case(kind).values))


def encoded_for(target: Target, value: Any) -> Encoded:
    """A row as an input would give it: a special token, then words of two pieces each, then a special token."""
    words = len(target.truth(value) or []) if target.shape == "element" else 0
    return {
        "_length": np.int32(2 * words + 2),  # type: ignore[dict-item]
        "_words": np.arange(1, 2 * words + 1, 2, dtype=np.int32),
    }


def perfect(target: Target, number: Any, weight: Any) -> Any:
    """Logits of a model that knows the truth: [C], or [L, C]."""
    if not names_of(target):
        return np.asarray(number, np.float32).reshape(1)
    if np.issubdtype(number.dtype, np.integer):
        return np.where(np.arange(target.outputs) == np.asarray(number)[..., None], 5.0, -5.0).astype(np.float32)
    return np.where(number > 0.5, 5.0, -5.0).astype(np.float32)


@pytest.mark.parametrize("kind", CLOSED)
def test_learns_from_the_given_values_into_a_copy(kind: str) -> None:
    fresh = made(kind)
    before = fresh.model_dump()
    target = fresh.learned(iter(case(kind).values))
    assert fresh.model_dump() == before
    assert target is not fresh
    assert names_of(target) == case(kind).names == tuple(sorted(case(kind).names))
    assert target.outputs == max(1, len(names_of(target)))
    assert target.learned(["other", "values"]) == target, "what is learned stays"
    with pytest.raises(Exception, match="frozen"):
        target.column = "other"


@pytest.mark.parametrize("kind", [kind for kind in CLOSED if case(kind).given])
def test_given_names_keep_their_order(kind: str) -> None:
    target = made(kind, **case(kind).given).learned(case(kind).values)
    assert list(target.names) == case(kind).given["labels"]


@pytest.mark.parametrize("kind", [kind for kind in CLOSED if case(kind).given])
def test_given_names_are_text_and_each_there_once(kind: str) -> None:
    assert made(kind, labels=[0, 1, True]).names == ("0", "1", "True")
    for wrong, words in ((["a", "a"], "twice"), (["a", ""], "empty"), ([1, "1"], "twice")):
        with pytest.raises(InputError, match=words):
            made(kind, labels=wrong)


@pytest.mark.parametrize("kind", CLOSED)
@pytest.mark.parametrize("values", [[], [None, None], [None, ""]])
def test_nothing_to_learn_is_an_error_that_names_the_column(kind: str, values: list[Any]) -> None:
    with pytest.raises(InputError, match="'truth'"):
        made(kind).learned(values)


@pytest.mark.parametrize(
    ("kind", "values"), [("label", ["a", "a", None]), ("score", [0.1, 0.1, 0.1]), ("tags", [["O"], ["O", "O"]])]
)
def test_one_value_only_is_an_error(kind: str, values: list[Any]) -> None:
    """Also where the deviation of equal numbers rounds to more than 0."""
    with pytest.raises(InputError, match=r"one (label|value|tag) only"):
        made(kind).learned(values)


def test_one_given_label_is_an_error() -> None:
    with pytest.raises(InputError, match="one label only"):
        made("label", labels=["a"]).learned(["a", "b"])


@pytest.mark.parametrize("kind", CLOSED)
def test_perfect_logits_decode_to_the_truth(kind: str) -> None:
    target = learned(kind)
    for value in case(kind).values:
        truth = target.truth(value)
        if truth is None:
            continue
        row = encoded_for(target, value)
        number, weight = target.encode(value, row, BARE)
        assert weight.dtype == np.float32
        decoded = target.decode(perfect(target, number, weight)[None], [row])
        assert len(decoded) == 1
        assert decoded[0].answer == (pytest.approx(truth, rel=1e-6) if isinstance(truth, float) else truth)
        assert decoded[0].probabilities.dtype == np.float32
        assert len(decoded[0].probabilities) in (0, target.outputs)
        assert target.problem_with(value) == ""


@pytest.mark.parametrize("kind", CLOSED)
def test_missing_and_unknown_truth_weighs_nothing_and_is_explained(kind: str) -> None:
    target = learned(kind)
    for value in [*case(kind).missing, *case(kind).unknown]:
        row = encoded_for(target, value)
        number, weight = target.encode(value, row, BARE)
        assert not weight.any(), value
        assert np.isfinite(number).all()
        problem = target.problem_with(value)
        assert problem
        assert problem.startswith("no ") == (value in case(kind).missing or value != value)
    for value in case(kind).missing:
        assert target.truth(value) is None
        assert target.strata(value) is None


def test_unknown_names_are_named_with_the_nearest() -> None:
    assert "'aple' does not occur in the training split" in learned("label").problem_with("aple")
    assert "nearest: 'apple'" in learned("label").problem_with("aple")
    assert "'z'" in learned("labels").problem_with(["a", "z"])
    assert "'B-z'" in learned("tags").problem_with(["O", "B-z"])
    assert "'many' is not a finite number" in learned("score").problem_with("many")


def test_an_unknown_tag_costs_its_word_only_and_an_unknown_label_its_name_only() -> None:
    tags = learned("tags")
    _, weight = tags.encode(["O", "B-z", "B-x"], encoded_for(tags, ["O"] * 3), BARE)
    assert weight.tolist() == [0, 1, 0, 0, 0, 1, 0, 0]
    labels = learned("labels")
    number, weight = labels.encode(["a", "z"], {}, BARE)
    assert number.tolist() == [1, 0, 0]
    assert weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", CLOSED)
def test_batch_holds_the_rows_and_pads_with_weight_zero(kind: str) -> None:
    target = learned(kind)
    values = [v for v in case(kind).values if v == v]
    rows = [encoded_for(target, v) for v in values]
    pairs = [target.encode(v, r, BARE) for v, r in zip(values, rows, strict=True)]
    length = max(int(r["_length"]) for r in rows) + 3
    targets, weights = target.collate(pairs, length)
    assert targets.shape == weights.shape
    assert len(targets) == len(values)
    assert weights.dtype == np.float32
    if target.shape == "element":
        assert targets.shape == (len(values), length)
    for row, (number, weight) in enumerate(pairs):
        own = np.s_[: len(number)] if target.shape == "element" else np.s_[...]
        np.testing.assert_array_equal(targets[row][own], number)
        np.testing.assert_array_equal(weights[row][own], weight)
        assert weights[row].sum() == weight.sum()


@pytest.mark.parametrize("kind", CLOSED)
def test_strata_and_counts_are_plain(kind: str) -> None:
    target = learned(kind)
    values = case(kind).values
    assert all(isinstance(target.strata(v), str | None) for v in values)
    if not isinstance(target, Named):
        return
    counts = target.counts(iter(values))
    assert set(counts) == set(target.names)
    assert all(isinstance(c, int) and c > 0 for c in counts.values())


def test_strata_and_counts_by_hand() -> None:
    label, labels, tags = learned("label"), learned("labels"), learned("tags")
    assert label.counts(CASES["label"].values) == {"pear": 2, "apple": 2, "fig": 1}
    assert labels.counts(CASES["labels"].values) == {"a": 2, "b": 2, "c": 2}
    assert tags.counts(CASES["tags"].values) == {"O": 3, "B-x": 1, "I-x": 1, "B-y": 2}
    assert [labels.strata(v) for v in (["b", "a"], [], None)] == ["a", "", None]
    assert [tags.strata(v) for v in (["O"], ["O", "B-x"], None)] == ["plain", "tagged", None]


@pytest.mark.parametrize("kind", CLOSED)
def test_what_was_learned_is_written_and_read_back(kind: str) -> None:
    """Through JSON, as a bundle keeps it."""
    target = learned(kind)
    assert build(AXIS, json.loads(json.dumps(target.model_dump()))) == target
    assert target.sentence()
    assert build(AXIS, kind).column  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", CLOSED)
def test_truths_and_answers_are_of_the_arrow_type(kind: str) -> None:
    target = learned(kind)
    truths = [target.truth(v) for v in [*case(kind).values, *case(kind).missing]]
    assert pa.array(truths, type=target.arrow_type()).to_pylist() == truths
    value = next(v for v in case(kind).values if target.truth(v))
    row = encoded_for(target, value)
    answer = target.decode(perfect(target, *target.encode(value, row, BARE))[None], [row])[0].answer
    assert type(answer) is type(target.truth(value))
    pa.array([answer], type=target.arrow_type())


@pytest.mark.parametrize("kind", CLOSED)
def test_names_a_loss_and_metrics_that_exist_and_take_it(kind: str) -> None:
    from burnish.evaluation.scores import metrics_for

    target = made(kind)
    assert kind in build("burnish.losses", target.default_loss).targets  # type: ignore[attr-defined]
    labels = {m.label for m in metrics_for(kind)}
    assert target.decides in labels
    assert set(target.headline) <= set(kinds("burnish.metrics"))


IOB = [["O", "B-x"], ["O"], ["B-y", "I-y", "O"]] * 5
# What columns hold, and which targets say it is theirs. Where two do, the more specific is asked first.
SAMPLES: dict[str, tuple[list[Any], set[str]]] = {
    "classes": (["yes", "no", "maybe"] * 8, {"label"}),
    "classes with gaps": (["yes", None, "no", ""] * 8, {"label"}),
    "0 and 1": ([0, 1, 1, 0] * 5, {"label"}),
    "0.0 and 1.0": ([0.0, 1.0, None, 0.0] * 5, {"label"}),
    "truth values": ([True, False] * 5, {"label"}),
    "stars": ([1, 2, 3, 4, 5] * 8, {"label"}),
    "stars as text": (["1", "2", "5"] * 8, {"label"}),
    "blood types": (["O", "A", "B", "AB"] * 8, {"label"}),
    "finely graded": ([1.0, 2.3, 4.75, 5.0] * 5, {"score"}),
    "finely graded as text": (["2.5", "3.0", "4.1", ""] * 5, {"score"}),
    "prices": ([float(i * i) for i in range(40)], {"score"}),
    "many whole numbers": (list(range(60)), {"score"}),
    "lists": ([["a", "b"], [], ["c"], ["a"]] * 5, {"labels"}),
    "separated": (["a|b", "c", "a|c|b", "b"] * 5, {"labels"}),
    "tags": (IOB, {"tags"}),
    "tags with gaps": ([*IOB, None, []], {"tags"}),
    "tags as text": ([" ".join(tags) for tags in IOB], {"tags"}),
    "names of rows": ([f"id-{i}" for i in range(40)], set()),
    "sentences": ([f"The parcel {i} never came." for i in range(40)], set()),
    "nothing": ([None, None, None], set()),
    "no rows": ([], set()),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_columns_are_recognised_by_one_target_at_most(name: str) -> None:
    values, expected = SAMPLES[name]
    found = {kind for kind in CLOSED if made(kind).recognises(values)}
    assert found == expected
    assert len(found) <= 1
