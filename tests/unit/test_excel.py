"""Excel workbooks: which sheet, what cells become, and what is refused."""

from __future__ import annotations

import builtins
import datetime
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from tests.data_cases import workbook

ROWS = [["text", "label"], ["good", "yes"], ["bad", "no"]]


def test_cells_become_what_csv_would_hold(tmp_path: Path) -> None:
    """A number among texts blocks nothing; errors and gaps are missing; empty edges are left out."""
    day = datetime.datetime(2024, 5, 31)
    rows = [
        [],
        ["text", "n", "when", None],
        ["a", 1, day, None],
        [12, 2.5, day.replace(hour=7), None],
        [],
        [True, "#N/A", None],
        [None],
    ]
    found = read(workbook({"rows": rows}, tmp_path / "rows.xlsx"), cache=tmp_path / "cache")
    assert found.values("text") == ["a", "12", "True"]
    assert found.values("n") == ["1", "2.5", ""]
    assert found.values("when") == ["2024-05-31", "2024-05-31T07:00:00", ""]
    assert found.place(1).endswith("rows.xlsx, row 2")


def test_the_first_visible_sheet_with_rows_or_the_one_that_is_named(tmp_path: Path) -> None:
    """Which it was is said, and what was not read."""
    import openpyxl

    path = workbook({"empty": [], "hidden": ROWS, "data": ROWS, "notes": [["a", "b"], [1, 2]]}, tmp_path / "b.xlsx")
    book = openpyxl.load_workbook(path)
    book["hidden"].sheet_state = "hidden"
    book.save(path)
    found = read(path, cache=tmp_path / "cache")
    assert found.values("text") == ["good", "bad"]
    assert any("sheet 'data' is read; not read: empty, hidden, notes" in note for note in found.notes)
    named = Data(train=str(path), source={"kind": "excel", "sheet": "notes"})  # type: ignore[arg-type]
    assert read(named, cache=tmp_path / "cache").columns == ("a", "b")
    wrong = Data(train=str(path), source={"kind": "excel", "sheet": "dta"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean 'data'"):
        read(wrong, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("old.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "without a password, or as CSV"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "without a password, or as CSV"),
        ("cut.xlsx", b"PK\x03\x04" + bytes(600), "not a readable Excel workbook"),
        ("text.xlsx", b"text,label\n", "not a readable Excel workbook"),
    ],
)
def test_what_is_no_workbook(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        read(tmp_path / name, cache=tmp_path / "cache")
    assert words in str(caught.value)
    assert "save" in caught.value.fix


def test_a_cut_workbook_and_one_without_rows(tmp_path: Path) -> None:
    path = workbook({"rows": [*ROWS, *([f"text {i}", "x"] for i in range(3000))]}, tmp_path / "whole.xlsx")
    half = tmp_path / "half.xlsx"
    half.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(InputError, match="not a readable Excel workbook"):
        read(half, cache=tmp_path / "cache")
    with pytest.raises(InputError, match="no visible sheet"):
        read(workbook({"rows": []}, tmp_path / "none.xlsx"), cache=tmp_path / "cache")
    with pytest.raises(InputError, match="no rows"):
        read(workbook({"rows": ROWS[:1]}, tmp_path / "header.xlsx"), cache=tmp_path / "cache")


def test_without_openpyxl_the_message_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook({"rows": ROWS}, tmp_path / "rows.xlsx")
    known = builtins.__import__

    def absent(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "openpyxl":
            raise ModuleNotFoundError(name)
        return known(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(InputError) as caught:
        read(path, cache=tmp_path / "cache")
    assert "pip install openpyxl" in caught.value.fix
    assert "CSV" in caught.value.fix
