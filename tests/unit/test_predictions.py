"""The table of predictions: the target itself in it, sums of declared columns, answers that are files, older tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions, schema
from burnish.evaluation.filed_answers import filed
from burnish.evaluation.intervals import bootstrap_all
from burnish.evaluation.measuring import measured
from burnish.evaluation.predict import _schema
from burnish.evaluation.scores import defined, metrics_for
from burnish.metrics import SumRatio
from burnish.targets import Decoded, Filed, Outcome, Target, names_of, target_of
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from tests.prediction_cases import table


class Words(Label):
    """A label that is counted in letters: a stand-in for a transcript."""

    def columns(self) -> tuple[str, ...]:
        return ("edits", "letters")

    def measured(self, truth: Any, answer: Any, nats: float) -> Sequence[float]:
        return (sum(a != b for a, b in zip(truth, answer, strict=False)), len(truth))


class ErrorRate(SumRatio):
    """Edits a letter."""

    targets: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ("edits", "letters")
    greater_is_better: ClassVar[bool] = False


def words(truths: list[str | None], answers: list[str]) -> Predictions:
    """A table as `predict` makes it."""
    target = Words(labels=["ab", "cdef"])
    rows = len(truths)
    outcomes = [
        Outcome(truth, Decoded(answer, np.zeros(0, np.float32)), 0.1, 1.0)
        for truth, answer in zip(truths, answers, strict=True)
    ]
    columns = {
        "row": range(rows),
        "truth": truths,
        "answer": answers,
        "probabilities": [[0.5, 0.5]] * rows,
        "loss": [0.1] * rows,
        "group": [None] * rows,
        "weight": [float(t is not None) for t in truths],
        **measured(target, outcomes),
    }
    form = _schema(target)
    return Predictions(pa.table({f.name: pa.array(columns[f.name], f.type) for f in form}, schema=form))


def test_the_target_itself_travels_with_the_table(tmp_path: Path) -> None:
    """So that evaluation knows learned thresholds; a part of the table and the file keep it."""
    target = Labels(labels=["a", "b"], own_thresholds={"a": 0.25})
    rows = pa.table(
        [[0], [["a"]], [["a"]], [[0.3, 0.1]], [0.2], pa.nulls(1, pa.string()), [1.0]], schema=_schema(target)
    )
    found = Predictions(rows)
    found.save(tmp_path / "p.parquet")
    for own in (found, found.known, found.take(np.array([0])), Predictions.load(tmp_path / "p.parquet")):
        assert target_of(own) == target
        assert own.weights.tolist() == [1.0]
    assert target_of(found).model_dump()["own_thresholds"] == {"a": 0.25}


@pytest.mark.parametrize("kind", ["label", "labels", "score", "tags"])
def test_tables_of_older_versions_name_their_kind_and_names(tmp_path: Path, kind: str) -> None:
    """0.7.0 and 0.8.0: no settings, no weight."""
    names = [] if kind == "score" else ["a", "b"]
    truth = {"label": "a", "labels": ["a"], "score": 1.5, "tags": ["a"]}[kind]
    old = table(kind, [truth], [truth], [], names)
    old.save(tmp_path / "p.parquet")
    found = Predictions.load(tmp_path / "p.parquet")
    assert (target_of(found).kind(), names_of(target_of(found))) == (kind, tuple(names))
    assert found.settings is None
    assert found.weights.tolist() == [1.0]


def test_scores_of_a_corpus_are_sums_divided_once() -> None:
    """One edit in two letters and none in four: 1 of 6, and not the mean of rows, which is a quarter."""
    found = words(["ab", "cdef", None], ["aX", "cdef", "ab"])
    assert ErrorRate().value(found) == pytest.approx(1 / 6)
    counts = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]])
    np.testing.assert_allclose(ErrorRate().resampled(found, counts), [1 / 6, 1 / 2, 0.0])
    interval = bootstrap_all([ErrorRate()], found, resamples=200, seed=0, level=0.95)[ErrorRate().label]
    assert interval.low <= interval.value <= interval.high


class Writing(Words):
    """A target that is told all that is known of a row."""

    def columns(self) -> tuple[str, ...]:
        return ("nats", "tokens", "written", "stopped")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        answer = outcome.decoded
        return (outcome.nats, outcome.weight, float(answer.written or 0), float(answer.ended == "stop"))


def test_columns_of_written_answers_know_their_length_and_why_they_ended() -> None:
    """`measures` sees the whole outcome; a target with `measured` alone goes on as before; rows without truth are no numbers."""
    answer = Decoded("ab", np.zeros(0, np.float32), -1.0, "stop", 3)
    cut = replace(answer, ended="length", written=8)
    outcomes = [Outcome("ab", answer, 1.5, 4.0), Outcome("ac", cut), Outcome(None, answer)]
    found = measured(Writing(labels=["ab", "ac"]), outcomes)
    np.testing.assert_equal(found["nats"], [1.5, math.nan, math.nan])
    np.testing.assert_equal(found["tokens"], [4.0, 0.0, math.nan])
    np.testing.assert_equal(found["written"], [3.0, 8.0, math.nan])
    np.testing.assert_equal(found["stopped"], [1.0, 0.0, math.nan])
    np.testing.assert_equal(measured(Words(labels=["ab"]), outcomes)["edits"], [0.0, 1.0, math.nan])


def test_a_metric_is_defined_where_the_columns_it_needs_are_declared() -> None:
    assert defined(ErrorRate(), Words(labels=["a", "b"]))
    assert not defined(ErrorRate(), Label(labels=["a", "b"]))
    assert ErrorRate().label in [m.label for m in metrics_for(Words(labels=["a", "b"]), [ErrorRate()])]
    with pytest.raises(InputError, match="no column 'edits'"):
        ErrorRate().value(table("label", ["a"], ["a"], [], ["a"]))


class Sounds(Filed):
    """Answers that are files."""

    ending: ClassVar[str] = ".wav"

    def content(self, answer: Any) -> bytes:
        return bytes(answer)


def test_answers_may_be_files_beside_the_table(tmp_path: Path) -> None:
    """Named by their row, counted from 1; paths are relative to the table, so that the folder can be moved."""
    paths = filed(Sounds(), [b"one", None], np.array([4, 7]), tmp_path / "run" / "answers")
    assert paths == ["answers/00000005.wav", None]
    columns: dict[str, Any] = {"row": [4], "truth": ["x"], "answer": paths[:1], "probabilities": [[]]}
    rows = pa.table({**columns, "loss": [None], "group": [None]}, schema=schema("label", [], pa.string()))
    Predictions(rows).save(tmp_path / "run" / "predictions.parquet")
    (tmp_path / "run").rename(tmp_path / "moved")
    assert Predictions.load(tmp_path / "moved" / "predictions.parquet").file(0).read_bytes() == b"one"
    with pytest.raises(InputError, match="no folder is given"):
        filed(Sounds(), [b"one"], np.array([4]), None)


def test_the_target_class_is_not_imported_by_a_table() -> None:
    """A table from elsewhere that names code imports nothing."""
    rows = pa.table([[], [], [], [], [], []], schema=schema("nowhere_to_be_found:Target", [], pa.string()))
    with pytest.raises(InputError, match="outside burnish"):
        target_of(Predictions(rows))


def test_targets_declare_nothing_by_default() -> None:
    assert Target.columns(Label()) == ()


def _without(column: str) -> Any:
    return lambda table: table.drop_columns([column])


def _told(name: bytes, value: bytes | None) -> Any:
    def change(table: pa.Table) -> pa.Table:
        told = {key: own for key, own in table.schema.metadata.items() if key != name}
        return table.replace_schema_metadata(told if value is None else {**told, name: value})

    return change


def _with(column: str, values: pa.Array) -> Any:
    return lambda table: table.set_column(table.column_names.index(column), column, values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        *[(_without(name), f"no column '{name}'") for name in ("row", "truth", "answer", "probabilities", "group")],
        (_with("row", pa.array(["x", "y"])), "no whole numbers"),
        (_with("probabilities", pa.array([[0.5, 0.5], None])), "lists of"),
        (_with("probabilities", pa.array([[0.5, 0.5], [0.5]])), "lists of"),
        (_with("probabilities", pa.array([0.5, 0.5])), "no lists"),
        *[(_told(b"names", value), "") for value in (b"{", b"7", b"\xff")],
        *[(_told(b"settings", value), "") for value in (b"{", b"7")],
        *[(_told(b"first_row", value), "") for value in (b"{", b"\xff")],
        (_told(b"target", None), "do not name the target"),
    ],
)
def test_a_file_that_was_changed_is_refused_by_name(tmp_path: Path, change: Any, words: str) -> None:
    path = tmp_path / "p.parquet"
    words_of_two = words_table()
    words_of_two.save(path)
    pq.write_table(change(pq.read_table(path)), path)
    with pytest.raises(InputError, match="this is no table of predictions") as refused:
        Predictions.load(path)
    assert words in refused.value.found
    assert refused.value.place == str(path)


def words_table() -> Predictions:
    return words(["ab", "cdef"], ["ab", "ab"])


@pytest.mark.parametrize("content", [b"", b"row,truth\n1,a\n", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match="this is no table of predictions"):
        Predictions.load(path)
    with pytest.raises(InputError, match="this is no table of predictions"):
        Predictions.load(tmp_path / "none.parquet")


def test_a_file_cut_short_is_refused_and_a_declared_column_that_is_gone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    words_table().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="this is no table of predictions"):
        Predictions.load(path)
    path.write_bytes(whole)
    pq.write_table(pq.read_table(path).drop_columns(["letters"]), path)
    with pytest.raises(InputError, match="no column 'letters'"):
        Predictions.load(path).numbers("letters")
