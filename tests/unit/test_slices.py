"""Slices: how columns are divided, the score of each part, and which parts are called weak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import fisher_exact

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.data.table import Origin, Part, Table
from burnish.evaluation.intervals import bootstrap
from burnish.evaluation.slices import LEAST, Column, divided, scored
from burnish.evaluation.weak_slices import Search, weak_slices
from burnish.inputs.text import Text
from burnish.report.page.sections.slices import slices as in_page
from burnish.report.slices import slices as in_markdown
from burnish.report.summary import weak_slices as in_summary
from burnish.stages.slicing import Lengths, slices
from burnish.targets.label import Label
from tests.page_cases import contents
from tests.prediction_cases import labels_table, music_table, score_table, table
from tests.transcript_cases import heard_table


def judged(wrong: np.ndarray, groups: list[str] | None = None) -> Predictions:
    """Labels of which some are wrong."""
    truth = ["a" if i % 2 else "b" for i in range(len(wrong))]
    other = {"a": "b", "b": "a"}
    made = table("label", truth, [other[t] if w else t for t, w in zip(truth, wrong, strict=True)], [], ["a", "b"])
    if groups is None:
        return made
    place = made.table.schema.get_field_index("group")
    return Predictions(made.table.set_column(place, made.table.schema.field(place), pa.array(groups)))


def column(name: str, values: list[Any]) -> Column:
    found = divided(name, values)
    assert isinstance(found, Column)
    return found


def planted(rows: int = 400) -> tuple[np.ndarray, list[str], list[str]]:
    """A tenth is wrong, but half of what comes by mail at night."""
    draw = np.random.default_rng(0)
    channel, hour = draw.choice(["mail", "chat", "form"], rows).tolist(), draw.choice(["day", "night"], rows).tolist()
    weak = np.array([c == "mail" and h == "night" for c, h in zip(channel, hour, strict=True)])
    return draw.random(rows) < np.where(weak, 0.6, 0.1), channel, hour


def test_values_and_bins() -> None:
    """Few values stay; many numbers, also as text, are cut at the quartiles of training; what is missing is a part."""
    few = column("stars", ["1", "2", None, "", "1"] * 20)
    assert few.labels == ("1", "(missing)", "2")
    assert few.numbers[:5].tolist() == [0, 2, 1, 1, 0]
    many = divided("price", ["10", "25.5", "", "50", *map(str, range(100, 120))], list(range(101)))
    assert isinstance(many, Column)
    assert many.how == "bins of training"
    assert many.labels == ("up to 25", "over 25 to 50", "over 75", "(missing)")
    assert many.numbers[:5].tolist() == [0, 1, 3, 1, 2]
    own = column("price", [float(i) for i in range(101)])
    assert own.how == "bins of the tested examples"
    assert np.bincount(own.numbers).tolist() == [26, 25, 25, 25]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["x"] * 30, "all examples have the same value: 'x'"),
        ([f"id {i}" for i in range(60)], "each of its 60 values has fewer than 20 examples"),
        ([[1], [2]], "values of type list"),
        (["ann@example.org", "bob@example.org"] * 30, "look like personal data"),
    ],
)
def test_columns_that_divide_nothing(values: list[Any], why: str) -> None:
    assert why in str(divided("c", values))


def test_each_part_is_scored_as_a_table_of_its_own() -> None:
    known = score_table(90)
    metric: Any = build("burnish.metrics", "mae")
    by = column("c", ["x", "y", "z"] * 30)
    for number, part in enumerate(scored(known, by, metric, resamples=200, seed=1)):
        alone = known.take(np.flatnonzero(by.numbers == number))
        found = bootstrap(metric, alone, resamples=200, seed=1)
        assert part == {"slice": "xyz"[number], "rows": 30, "value": found.value, "low": found.low, "high": found.high}


def test_a_planted_weakness_is_found_and_nothing_else() -> None:
    """p is that of scipy's exact test; Holm's correction by hand for the smallest; the pair, not what is near it."""
    wrong, channel, hour = planted()
    search = weak_slices(judged(wrong), [column("channel", channel), column("hour", hour)], seed=0)
    assert isinstance(search, Search)
    assert search.tested == 3 + 2 + 6
    best = search.weak[0]
    assert dict(best.where) == {"channel": "mail", "hour": "night"}
    inside = np.zeros(400, np.bool_)
    inside[best.rows] = True
    cells = [[(wrong & inside).sum(), (~wrong & inside).sum()], [(wrong & ~inside).sum(), (~wrong & ~inside).sum()]]
    assert best.p == pytest.approx(fisher_exact(cells, alternative="greater").pvalue)
    assert best.corrected == pytest.approx(11 * best.p)
    assert best.error == pytest.approx(wrong[inside].mean())
    assert best.rest == pytest.approx(wrong[~inside].mean())
    assert 0 < best.low < best.error - best.rest < best.high
    names = {part for one in search.weak for part in one.where}
    assert names <= {("channel", "mail"), ("hour", "night")}
    assert "Fisher" in search.test


def test_chance_is_seldom_called_weak() -> None:
    """Of 30 tables without any weakness at most 5 % are expected to have one; the exact test has fewer."""
    found = 0
    for seed in range(30):
        draw = np.random.default_rng(seed)
        known = judged(draw.random(150) < 0.2)
        columns = [column(name, draw.choice(["x", "y", "z"], 150).tolist()) for name in "abcd"]
        search = weak_slices(known, columns, seed=0)
        assert isinstance(search, Search)
        found += bool(search.weak)
    assert found <= 4


def test_groups_are_resampled_whole() -> None:
    """One bad customer of many examples is no weak slice; many bad customers are."""
    wrong = np.array([True] * 60 + [False] * 340)
    of_one = [f"g{i // 60}" if i < 60 else f"g{i}" for i in range(400)]
    of_many = [f"g{i // 6}" for i in range(400)]
    by = column("c", ["x"] * 80 + ["y"] * 320)
    one = weak_slices(judged(wrong, of_one), [by], seed=0)
    many = weak_slices(judged(wrong, of_many), [by], seed=0)
    assert isinstance(one, Search)
    assert isinstance(many, Search)
    assert dict(many.weak[0].where) == {"c": "x"}
    assert "bootstrap of groups" in many.test
    assert one.weak == [] or one.weak[0].p > many.weak[0].p
    few = weak_slices(judged(wrong, [f"g{i // 60}" for i in range(400)]), [by], seed=0)
    assert few == f"no slice has {LEAST} examples inside and outside, and 5 groups"


def test_other_targets_by_the_bootstrap() -> None:
    """Numbers by their distance, transcripts by their words; of music one example has no error."""
    known = score_table(300)
    far = np.array([abs(t - a) for t, a in zip(known.truth, known.answer, strict=True)])
    by = column("c", ["far" if d > np.quantile(far, 0.7) else "near" for d in far])
    search = weak_slices(known, [by], seed=0)
    assert isinstance(search, Search)
    (weak,) = search.weak
    assert weak.where == (("c", "far"),)
    assert weak.error == pytest.approx(far[by.numbers == by.labels.index("far")].mean())
    heard = weak_slices(heard_table(60), [column("c", ["x", "y"] * 30)], seed=0)
    assert isinstance(heard, Search)
    assert heard.unit == "share of wrong words"
    assert isinstance(weak_slices(labels_table(60, 3), [column("c", ["x", "y"] * 30)], seed=0), Search)
    assert "no error of one example" in str(weak_slices(music_table(60), [column("c", ["x", "y"] * 30)], seed=0))


def test_a_pair_that_says_no_more_is_left_out() -> None:
    """All that comes by mail is weak: mail by day is weak against the rest of all, and not against the rest of the mail."""
    draw = np.random.default_rng(1)
    channel, hour = draw.choice(["mail", "chat"], 600), draw.choice(["day", "night"], 600)
    columns = [column("channel", channel.tolist()), column("hour", hour.tolist())]
    wrong = draw.random(600) < np.where(channel == "mail", 0.4, 0.1)
    for groups in (None, [f"g{i // 2}" for i in range(600)]):
        search = weak_slices(judged(wrong, groups), columns, seed=0)
        assert isinstance(search, Search)
        assert [dict(one.where) for one in search.weak] == [{"channel": "mail"}]


def rows_of(values: dict[str, list[Any]], files: list[tuple[str, int]]) -> Part:
    made = Table(pa.table(values), tuple(Origin(path, "", rows) for path, rows in files))
    return Part(made, np.arange(len(made)))


def page_of(known: Predictions, told: dict[str, Any], **more: Any) -> str:
    """The section of report.html."""
    given = contents(known)
    section = in_page(replace(given, scores={**given.scores, "slices": told}, **more))
    assert section is not None
    return str(section.html())


def test_columns_length_and_source_of_a_split() -> None:
    """All columns but those of input and target; names of files without folders; the report says what was found."""
    wrong, channel, hour = planted()
    known = judged(wrong)
    values = {
        "text": ["t"] * 400,
        "label": known.truth,
        "channel": channel,
        "hour": hour,
        "id": list(map(str, range(400))),
    }
    part = rows_of(values, [("/data/a.csv", 150), ("/data/b.csv", 250)])
    metric: Any = build("burnish.metrics", "accuracy")
    settings: dict[str, Any] = {
        "input": Text(columns=["text"]),
        "target": Label(column="label"),
        "resamples": 100,
        "seed": 0,
    }
    lengths = Lengths("tokens", np.arange(400), np.arange(100))
    told = slices(known, part, metric, named="all", lengths=lengths, **settings)
    assert told is not None
    assert list(told["columns"]) == ["channel", "hour", "id", "length (tokens)", "source"]
    assert [one["slice"] for one in told["columns"]["source"]["parts"]] == ["b.csv", "a.csv"]
    assert [one["rows"] for one in told["columns"]["length (tokens)"]["parts"]] == [25, 25, 25, 325]
    assert told["weak"][0]["slice"] == {"channel": "mail", "hour": "night"}
    text = "\n".join(in_markdown({"slices": told}))
    assert "`channel` = `mail` and `hour` = `night`" in text
    assert "slices of at least 20 examples were tested against the rest" in text
    assert in_summary({"slices": told})[0].startswith("Weak slice: channel = mail and hour = night (n = ")
    page = page_of(known, told)
    assert "By <code><bdi>channel</bdi></code>" in page
    assert 'data-name="weak_slices"' in page
    private = page_of(known, told, rows=0)
    assert "channel" not in private
    assert "3 columns of the data are left out of this page by" in private
    assert "b.csv" in private
    alone = rows_of({"text": ["t"] * 400, "label": known.truth}, [("/data/a.csv", 400)])
    assert slices(known, alone, metric, named=[], **settings) is None
    with pytest.raises(InputError, match="no column 'chanel'") as error:
        slices(known, part, metric, named=["chanel"], **settings)
    assert "channel" in error.value.fix


def test_examples_without_a_label_are_left_out() -> None:
    """Cells stay beside their examples."""
    known = judged(np.zeros(100, np.bool_))
    place = known.table.schema.get_field_index("truth")
    truths = [None if i % 2 else t for i, t in enumerate(known.truth)]
    holed = Predictions(known.table.set_column(place, known.table.schema.field(place), pa.array(truths)))
    part = rows_of({"text": ["t"] * 100, "label": truths, "c": ["x", "y"] * 50}, [("a.csv", 100)])
    metric: Any = build("burnish.metrics", "accuracy")
    settings: dict[str, Any] = {
        "input": Text(columns=["text"]),
        "target": Label(column="label"),
        "resamples": 100,
        "seed": 0,
    }
    told = slices(holed, part, metric, named=["c"], **settings)
    assert told is not None
    assert [(one["slice"], one["rows"]) for one in told["columns"]["c"]["parts"]] == [("x", 50)]
    assert "no slice has 20" in told["not_tested"]
