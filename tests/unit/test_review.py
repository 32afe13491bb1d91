"""A review: written, edited, fed back into a new data set; what does not fit is refused with its line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError, RunFailed
from burnish.data.reading.tables import read
from burnish.stages.audit.applying import apply
from burnish.stages.audit.decided import read_review
from burnish.stages.audit.review import COLUMNS, guarded, unguarded

ROWS = [("one, two", "a"), ("three", "b"), ("=1+1", "a"), ('quoted "four"', "b"), ("five", "a")]


def data(folder: Path, name: str = "rows.csv") -> Path:
    """A file of labelled texts."""
    path = folder / name
    if name.endswith(".jsonl"):
        path.write_text(
            "".join(json.dumps({"text": t, "label": n, "more": [1]}) + "\n" for t, n in ROWS), encoding="utf-8"
        )
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *ROWS])
    return path


def review(folder: Path, path: Path, decisions: list[dict[str, Any]], delimiter: str = ",") -> Path:
    """A review of a file with these decisions."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    hashed = read(path).origins[0].sha256
    for one in decisions:
        writer.writerow({**dict.fromkeys(COLUMNS, ""), "file": str(path), "data": hashed, "column": "label", **one})
    made = folder / "review.csv"
    made.write_text(stream.getvalue(), encoding="utf-8-sig")  # as a spreadsheet saves it
    return made


def quiet(_: str) -> None:
    return None


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_rows_are_relabelled_and_removed_and_the_original_stays(tmp_path: Path, name: str, delimiter: str) -> None:
    path = data(tmp_path, name)
    before = path.read_bytes()
    decisions = [
        {"row": 1, "decision": "relabel", "label": "b"},
        {"row": 2, "decision": "Remove"},
        {"row": 3, "decision": "keep", "label": "b"},
        {"row": 4, "decision": "", "label": "a"},
    ]
    made = apply(review(tmp_path, path, decisions, delimiter), tmp_path / "new", quiet)
    rows = read(tmp_path / "new" / name).arrow.to_pylist()
    expected = [("one, two", "b"), ("=1+1", "a"), ('quoted "four"', "b"), ("five", "a")]
    assert [(row["text"], row["label"]) for row in rows] == expected
    assert path.read_bytes() == before
    assert (made["files"][0]["relabelled"], made["files"][0]["removed"]) == (1, 1)
    assert json.loads((tmp_path / "new" / "applied.json").read_text()) == made


def refused(tmp_path: Path, decisions: list[dict[str, Any]]) -> InputError:
    path = data(tmp_path)
    with pytest.raises(InputError) as error:
        apply(review(tmp_path, path, decisions), tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    return error.value


def test_a_review_of_other_data_is_refused(tmp_path: Path) -> None:
    path = data(tmp_path)
    made = review(tmp_path, path, [{"row": 1, "decision": "remove"}])
    path.write_text(path.read_text(encoding="utf-8") + "six,a\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not the data that this review is of"):
        apply(made, tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()
    path.unlink()
    with pytest.raises(InputError, match="is not there"):
        apply(made, tmp_path / "new", quiet)


@pytest.mark.parametrize(
    ("decisions", "found", "line"),
    [
        ([{"row": 1, "decision": "delete"}], "delete", 2),
        ([{"row": 1, "decision": "relabel", "label": " "}], "relabel without a label", 2),
        ([{"row": 1, "decision": "relabel", "label": "c"}], "label 'c' is none of the data's", 2),
        ([{"row": 1}, {"row": 99, "decision": "remove"}], "no row 99", 3),
        ([{"row": "x", "decision": "remove"}], "row 'x'", 2),
        ([{"row": 1, "decision": "remove"}, {"row": 1, "decision": "relabel", "label": "b"}], "decided twice", 3),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_line(
    tmp_path: Path, decisions: list[dict[str, Any]], found: str, line: int
) -> None:
    error = refused(tmp_path, decisions)
    assert found in str(error)
    assert f"line {line}" in error.place


def test_the_same_decision_twice_is_one(tmp_path: Path) -> None:
    path = data(tmp_path)
    made = apply(review(tmp_path, path, [{"row": 1, "decision": "remove"}] * 2), tmp_path / "new", quiet)
    assert made["files"][0]["removed"] == 1


def test_a_file_that_is_no_review(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'file'"):
        read_review(data(tmp_path))


def test_a_folder_that_is_there_is_never_written_into(tmp_path: Path) -> None:
    path = data(tmp_path)
    (tmp_path / "new").mkdir()
    with pytest.raises(InputError, match="there already"):
        apply(review(tmp_path, path, [{"row": 1, "decision": "remove"}]), tmp_path / "new", quiet)


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data(tmp_path)
    made = review(tmp_path, path, [{"row": 1, "decision": "remove"}])

    def fail(*_: Any, **__: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("burnish.stages.audit.applying.write_table", fail)
    with pytest.raises(RunFailed, match="disk is full"):
        apply(made, tmp_path / "new", quiet)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["review.csv", "rows.csv"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "'quoted", "plain", "", "a=b"])
def test_no_spreadsheet_runs_a_cell_and_every_cell_comes_back(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@"))
    assert unguarded(guarded(text)) == text
