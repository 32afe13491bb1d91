"""The first look at the data: each fault alone, what is refused, and what a million rows cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import Audit, Finding, audit, examine
from burnish.data.looking.audit.lengths import histogram, truncation
from burnish.data.looking.audit.scan import similar_hash
from burnish.data.table import Part, Table
from tests.data_cases import label_target, table, text_input

WORDS = ["apple", "bread", "cheese", "dates", "eggs", "flour", "grapes", "honey"]
WORDS += ["ice", "jam", "kale", "lemon", "mint", "nuts", "oats"]


def clean(prefix: str, n: int = 12) -> list[dict[str, Any]]:
    """Different rows of two classes."""
    return [{"text": f"{prefix} {WORDS[i % 15]} {i}", "label": "ab"[i % 2]} for i in range(n)]


def part(made: Table) -> Part:
    """All rows of a table."""
    return Part(made, np.arange(len(made)))


def parts(train: Any = (), validation: Any = (), test: Any = ()) -> dict[str, Part]:
    """Three clean splits with these rows added."""
    added = {"train": train, "validation": validation, "test": test}
    return {name: part(table([*clean(name), *rows], f"{name}.csv")) for name, rows in added.items()}


def looked_at(made: dict[str, Part], lengths: Any = None, names: str = "ab") -> Audit:
    """Examined with a label target."""
    return examine(made, text_input(), label_target(*names), lengths)


def only(found: Audit, code: str) -> Finding:
    """The one finding of this code."""
    (finding,) = found.find(code)
    return finding


def test_clean_data_has_no_findings_and_full_figures() -> None:
    """Rows, classes and lengths are counted for each split."""
    found = audit(parts(), text_input(), label_target("a", "b"))
    assert found.findings == ()
    assert found.figures["rows"] == {"train": 12, "validation": 12, "test": 12}
    assert found.figures["classes"]["test"] == {"a": 6, "b": 6}
    assert found.figures["imbalance"] == 1.0
    assert sum(found.figures["characters"]["train"]["counts"]) == 12


@pytest.mark.parametrize("empty", ["", "  \n", None])
def test_empty_texts(empty: str | None) -> None:
    """Nothing and white space, with file and row."""
    finding = only(looked_at(parts(train=[{"text": empty, "label": "a"}])), "empty_texts")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert (finding.rows[0].part, finding.rows[0].row, finding.rows[0].place) == ("train", 12, "train.csv, row 13")


def test_one_empty_side_of_a_pair_is_empty() -> None:
    """A pair needs both texts."""
    rows = [{"text": "a", "other": f"b{i}", "label": "ab"[i % 2]} for i in range(4)] + [
        {"text": "a", "other": " ", "label": "a"}
    ]
    found = examine({"train": part(table(rows))}, text_input("text", "other"), label_target("a", "b"))
    assert only(found, "empty_texts").rows[0].row == 4


def test_missing_labels_and_unknown_labels() -> None:
    """Missing in any split; unknown in validation and test, with the nearest name."""
    wrong = [{"text": "new one", "label": "alpho"}]
    made = parts(train=[{"text": "x1", "label": "alpha"}, {"text": "x2", "label": None}], test=wrong)
    found = looked_at(made, names=["a", "b", "alpha"])  # type: ignore[arg-type]
    assert only(found, "missing_labels").rows[0].place == "train.csv, row 14"
    unknown = only(found, "unknown_labels")
    assert unknown.rows[0].place == "test.csv, row 13"
    assert "'alpha'" in unknown.rows[0].detail


def test_truth_that_is_no_number() -> None:
    """For a score, text is illegal in train and in test alike."""
    from burnish.targets.score import Score

    rows = [{"text": f"t{i}", "label": str(i)} for i in range(5)] + [{"text": "x", "label": "high"}]
    target = Score(column="label", mean=0.0, scale=1.0)
    found = examine({"train": part(table(rows)), "test": part(table(rows))}, text_input(), target)
    assert [f.count for f in found.find("illegal_labels")] == [1, 1]
    assert not found.find("unknown_labels")


def test_exact_and_near_duplicates_inside_a_split() -> None:
    """Near ones differ in case, space or punctuation; exact ones are not counted twice."""
    rows = [
        {"text": t, "label": "a"} for t in ("Where is it?", "Where is it?", "where  is it", "WHERE, is it!!", "other")
    ]
    found = looked_at(parts(train=rows))
    exact, near = only(found, "exact_duplicates"), only(found, "near_duplicates")
    assert [r.row for r in exact.rows] == [13]
    assert exact.rows[0].detail == "like train.csv, row 13"
    assert [r.row for r in near.rows] == [14, 15]


@pytest.mark.parametrize(
    ("where", "code", "severity"),
    [
        (("train", "test"), "test_rows_in_train", "refusal"),
        (("train", "validation"), "validation_rows_in_train", "warning"),
        (("validation", "test"), "test_rows_in_validation", "warning"),
    ],
)
def test_rows_in_two_splits(where: tuple[str, str], code: str, severity: str) -> None:
    """Exact ones by their own code, near ones as a warning beside it."""
    left, right = where
    rows = {left: [{"text": "Same text", "label": "a"}, {"text": "Nearly!", "label": "a"}]}
    rows[right] = [{"text": "Same text ", "label": "a"}, {"text": "nearly", "label": "a"}]
    found = looked_at(parts(**rows))
    exact, near = only(found, code), only(found, f"near_{code}")
    assert (exact.severity, exact.count, near.severity, near.count) == (severity, 1, "warning", 1)
    assert exact.rows[0].place == f"{right}.csv, row 13"
    assert exact.rows[0].detail == f"like {left}.csv, row 13 in {left}"
    assert near.rows[0].text == "nearly"


def test_conflicting_labels_across_splits() -> None:
    """One text, two labels; equal labels of another text do not conflict."""
    twice = {"text": "twice", "label": "a"}
    train = [{"text": "torn", "label": "a"}, twice, twice]
    finding = only(looked_at(parts(train=train, validation=[{"text": "torn", "label": "b"}])), "conflicting_labels")
    assert finding.count == 2
    assert {(r.place, r.detail) for r in finding.rows} == {
        ("train.csv, row 13", "label 'a'"),
        ("validation.csv, row 13", "label 'b'"),
    }


def test_parts_of_one_table_name_rows_of_the_table() -> None:
    """Made splits: the row numbers are those of the file."""
    made = table([*clean("x"), {"text": "", "label": "a"}], "all.csv")
    found = looked_at({"train": Part(made, np.arange(0, 12)), "test": Part(made, np.array([12]))})
    assert only(found, "empty_texts").rows[0].place == "all.csv, row 13"


def test_classes_rare_absent_and_imbalanced() -> None:
    """Fewer than two train rows; not in test; the ratio is said."""
    train = [{"text": f"many {w} {i}", "label": "a"} for i in range(10) for w in WORDS] + [{"text": "c1", "label": "c"}]
    found = looked_at(parts(train=train), names="abc")
    assert "'c'" in only(found, "rare_classes").message
    assert only(found, "classes_absent_in_test").severity == "warning"
    assert only(found, "classes_absent_in_validation").severity == "note"
    assert "156 times" in only(found, "imbalanced_classes").message
    assert found.figures["imbalance"] == 156


def test_constant_columns() -> None:
    """A note where nothing reads the column, a warning where the run does."""
    rows = [{"text": "same", "label": "ab"[i % 2], "source": "web", "empty": None} for i in range(4)]
    found = looked_at({"train": part(table(rows))}).find("constant_columns")
    assert {(f.severity, f.message.split("'")[1]) for f in found} == {
        ("warning", "text"),
        ("note", "source"),
        ("note", "empty"),
    }


def test_long_rows() -> None:
    """Many times longer than nearly all others."""
    finding = only(looked_at(parts(train=[*clean("more", 30), {"text": "word " * 500, "label": "a"}])), "long_rows")
    assert (finding.count, finding.rows[0].row) == (1, 42)


def test_truncation_and_lost_targets() -> None:
    """Share of tokens lost, the worst row first, and rows of which nothing is left."""
    full = np.full(12, 10)
    kept = full.copy()
    kept[[3, 5]] = (4, 0)
    found = looked_at(parts(), {"train": (full, kept), "test": (full, full)})
    cut = only(found, "truncation")
    assert "cuts 2 of 12 train examples and loses at least 13.33%" in cut.message
    assert [r.row for r in cut.rows] == [5, 3]
    assert [r.row for r in only(found, "target_lost").rows] == [5]
    assert found.figures["truncation"]["train"] == {"tokens": 120, "kept": 104, "lost_share": 16 / 120, "rows_cut": 2}
    assert found.figures["tokens"]["test"]["median"] == 10


def test_figures_of_nothing() -> None:
    """No rows, no division by zero."""
    assert histogram(np.zeros(0, np.int64)) == {"bins": [], "counts": []}
    assert truncation(np.zeros(0, np.int64), np.zeros(0, np.int64))["lost_share"] == 0.0


def test_histogram_bins_hold_every_row() -> None:
    """Also the open last one."""
    found = histogram(np.array([0, 7, 8, 100_000]))
    assert dict(zip(found["bins"], found["counts"], strict=True))[0] == 2
    assert found["counts"][-1] == 1
    assert sum(found["counts"]) == 4


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (parts(test=[clean("train")[0]]), "test_rows_in_train"),
        ({"train": part(table([{"text": f"t{i}", "label": "a"} for i in range(5)]))}, "one_class"),
        ({"train": part(table(clean("t"))), "test": Part(table(clean("s")), np.zeros(0, np.int64))}, "empty_split"),
        ({"train": part(table([{"text": f"t{i}", "label": None} for i in range(5)]))}, "no_labels"),
        ({"train": part(table([{"text": " " * i, "label": "ab"[i % 2]} for i in range(5)]))}, "no_texts"),
    ],
)
def test_refusals_name_their_override(made: dict[str, Part], code: str) -> None:
    """Refused with everything found on the error; `allow` accepts; another name does not."""
    with pytest.raises(InputError) as caught:
        audit(made, text_input(), label_target("a", "b"), allow=["something_else"])
    assert f"allow: [{code}]" in caught.value.fix
    assert caught.value.exit_code == 2
    assert caught.value.audit.find(code)  # type: ignore[attr-defined]
    assert only(audit(made, text_input(), label_target("a", "b"), allow=[code]), code).override == code


def test_missing_column_cannot_be_accepted() -> None:
    """There is no way to go on without it."""
    with pytest.raises(InputError, match="no column 'text'"):
        audit(
            {"train": part(table([{"txt": "a", "label": "a"}]))},
            text_input(),
            label_target("a"),
            allow=["missing_columns"],
        )


def test_worst_first_and_at_most_twenty_rows() -> None:
    """The count is of all rows."""
    rows = [{"text": None, "label": "a"}] * 50
    found = looked_at(parts(train=rows, test=[clean("train")[0]]))
    order = [f.severity for f in found.findings]
    assert order == sorted(order, key=["refusal", "warning", "note"].index)
    empty = only(found, "empty_texts")
    assert (len(empty.rows), empty.count) == (20, 50)


def test_json_and_text_say_the_same() -> None:
    """JSON holds everything; the text is short; rich prints it without reading brackets as markup."""
    from rich.console import Console

    found = looked_at(parts(train=[{"text": "[bold]x[/bold]", "label": None}], test=[clean("train")[0]]))
    values = json.loads(found.to_json())
    assert {f["code"] for f in values["findings"]} == {f.code for f in found.findings}
    assert values["findings"][0]["override"] == "test_rows_in_train"
    text = found.text()
    assert "rows: train 13, validation 12, test 13" in text
    assert "refusal: 1 of 13 test examples are in train as well (" in text
    assert text.count(" [test_rows_in_train]") == 1  # the code stands last, after the words and the rows
    console = Console(width=400, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(found)
    assert console.export_text().strip() == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello, World!", "hello world", True),
        ("Straße", "STRASSE", True),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width", True),
        ("房间，很好。", "房间很好", True),
        ("की", "कि", False),
        ("good 🙂", "good 🙁", False),
        ("???", "!!!", False),
        ("a\x1fb", "ab\x1f", False),
    ],
)
def test_near_means_case_space_and_punctuation_only(one: str, other: str, same: bool) -> None:
    """Vowel signs, emoji and the border of a pair count."""
    assert (similar_hash(one) == similar_hash(other)) is same


_MILLION = """
import resource, sys, time
import numpy as np, pyarrow as pa
from burnish.data.looking.audit import examine
from burnish.data.table import Origin, Part
from burnish.data.reading.tables import read
from burnish.inputs.text import Text
from burnish.targets.label import Label
made = read(sys.argv[1], cache=sys.argv[2])
rows = np.arange(len(made))
fifth = rows % 5
parts = {"train": Part(made, rows[fifth > 1]), "validation": Part(made, rows[fifth == 1]), "test": Part(made, rows[fifth == 0])}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
found = examine(parts, Text(columns=["text"]), Label(column="label", labels=[str(i) for i in range(7)]))
print(len(made), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, time.perf_counter() - start)
"""


@pytest.mark.slow
def test_a_million_rows_in_little_memory(tmp_path: Any) -> None:
    """Hashes and mapped pages: far less than the texts as Python strings."""
    path = tmp_path / "rows.csv"
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(
            f"message number {i} with as many words as people write in one,{i % 7}\n" for i in range(1_000_000)
        )
    command = [sys.executable, "-c", _MILLION, str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, grown, seconds = (float(v) for v in done.stdout.split())
    assert rows == 1_000_000
    assert grown < 350, f"{grown:.0f} MiB"
    assert seconds < 180
