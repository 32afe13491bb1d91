"""Cells that no file of UTF-8 or JSON holds pass through `predict` in words of their own, and stop nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.format import Delimited, Lines, Tabbed
from burnish.stages.predict.rows_plain import PlainRows
from burnish.targets.label import Label

ADDED = {"prediction": "a", "probability": 0.5, "probabilities": {"a": 0.5, "b": 0.5}, "error": None}
ODD = [
    r'{"text": "ok", "note": "a\ud800b"}',
    r'{"text": "a\udfffb", "note": ["\ud800", {"\ud801": "x"}]}',
    r'{"text": "a\u0000b", "note": 1e999}',
    r'{"text": "ok", "note": [NaN, -Infinity, {"x": Infinity}]}',
    '{"text": "ok", "note": ' + "9" * 4000 + "}",
    '{"text": "ok", "note": ' + "[" * 45 + "]" * 45 + "}",
    '{"text": "' + "long " * 100_000 + '", "note": null}',
    r'{"text": "ok", "note": true}',
]


def written(tmp_path: Path, format: Any, lines: list[str]) -> Path:
    """The rows as lean `predict` writes them."""
    data = tmp_path / "in.jsonl"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = PlainRows(str(data), GivenColumns(("text",)), tmp_path)
    made = format(rows.columns, Label(labels=["a", "b"]))
    pieces = []
    for number, window in rows.windows(3).numbered(set()):
        pieces.append(tmp_path / f"piece-{number}")
        made.write(pieces[-1], window, [ADDED] * len(window.rows()))
    out = tmp_path / "out"
    made.join(pieces, out)
    return out


def test_json_lines_hold_them_escaped(tmp_path: Path) -> None:
    """Every line is JSON for every parser, and says the same as the row did."""

    def refused(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    lines = written(tmp_path, Lines, ODD).read_bytes().decode("utf-8").splitlines()
    found = [json.loads(line, parse_constant=refused) for line in lines]
    rows = [json.loads(line) for line in ODD]
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    assert found[0]["note"] == "a\ud800b"
    assert found[1]["note"] == ["\ud800", {"\ud801": "x"}]
    assert found[2]["note"] == "Infinity"
    assert found[3]["note"] == ["NaN", "-Infinity", {"x": "Infinity"}]
    assert found[4]["note"] == rows[4]["note"]
    assert [row["prediction"] for row in found] == ["a"] * len(ODD)


@pytest.mark.parametrize("format", [Delimited, Tabbed])
def test_tables_hold_them_escaped(tmp_path: Path, format: Any) -> None:
    """As JSON would write them."""
    out = written(tmp_path, format, ODD)
    csv.field_size_limit(10_000_000)
    with out.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file, delimiter=format.delimiter))
    assert len(found) == len(ODD)
    assert found[0]["note"] == r"a\ud800b"
    assert found[1]["text"] == r"a\udfffb"
    assert [row["prediction"] for row in found] == ["a"] * len(ODD)


def test_column_names_as_well(tmp_path: Path) -> None:
    line = r'{"text": "ok", "n\ud800": 1}'
    assert r"n\ud800" in written(tmp_path, Delimited, [line]).read_text(encoding="utf-8")


@pytest.mark.parametrize("depth", [150, 900, 100_000])
def test_lists_in_lists_without_end_are_refused_by_row(tmp_path: Path, depth: int) -> None:
    with pytest.raises(InputError) as error:
        written(tmp_path, Lines, [ODD[0], '{"text": "ok", "note": ' + "[" * depth + "]" * depth + "}"])
    assert "row 2" in str(error.value) or "line 2" in str(error.value)


def test_a_number_of_too_many_digits_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2"):
        written(tmp_path, Lines, [ODD[0], '{"text": "ok", "note": ' + "9" * 5000 + "}"])


@pytest.mark.parametrize("depth", [70, 150, 900])
def test_a_table_in_arrow_refuses_them_as_well(tmp_path: Path, depth: int) -> None:
    """In words, with the file and its rows."""
    from burnish.stages.predict.rows_arrow import ArrowRows

    data = tmp_path / "in.jsonl"
    data.write_text('{"text": "ok", "note": ' + "[" * depth + "1" + "]" * depth + "}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        ArrowRows(str(data), GivenColumns(("text",)))
    assert "in.jsonl" in str(error.value)
