"""Excel workbooks."""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError, nearest
from burnish.data.sources import PIECE_CHARACTERS, PIECE_ROWS, Rows, Source
from burnish.data.sources._csv_layout import layout

_OLE = b"\xd0\xcf\x11\xe0"  # workbooks of before 2007, and those with a password
_HEAD = 200


class Excel(Source):
    """One sheet of an Excel workbook, with a header line; every value is a string, as in CSV."""

    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xls")
    sheet: str | None = Field(None, description="Name of the sheet; the first visible one that holds rows if null.")

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces. Dates are written as ISO dates, numbers as in Python, errors such as #N/A are missing.

        Raises:
            InputError: openpyxl is not installed, no workbook, no such sheet, no header.
        """
        path = Path(where)
        book = _opened(path)
        try:
            sheet, notes = self._sheet(book, path)
            yield from _pieces(sheet, path, notes)
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError, SyntaxError) as error:
            raise _damaged(path, error) from error
        finally:
            book.close()

    def _sheet(self, book: Any, path: Path) -> tuple[Any, list[str]]:
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        if self.sheet is not None:
            if self.sheet not in sheets:
                guess = nearest(self.sheet, list(sheets))
                raise InputError(
                    f"there is no sheet {self.sheet!r}",
                    expected="one of " + ", ".join(sheets),
                    fix=f"did you mean {guess!r}?" if guess else "name a sheet of the workbook",
                    place=str(path),
                )
            return sheets[self.sheet], []
        for name, sheet in sheets.items():
            if sheet.sheet_state == "visible" and _holds_rows(sheet):
                others = [other for other in sheets if other != name]
                aside = f"; not read: {', '.join(others[:8])} (source: {{kind: excel, sheet: NAME}})" if others else ""
                return sheet, [f"sheet {name!r} is read{aside}"]
        raise InputError("no visible sheet of the workbook holds rows", expected="a header and rows", place=str(path))


def _opened(path: Path) -> Any:
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise InputError(
            "Excel workbooks are read with openpyxl, which is not installed",
            fix="pip install openpyxl (or 'burnish[excel]'), or save the sheet as CSV",
            place=str(path),
        ) from error
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start == _OLE:
            raise InputError(
                "a workbook of Excel 2003 or before, or one with a password",
                fix="save it as .xlsx without a password, or as CSV",
                place=str(path),
            )
        if not start:
            raise InputError("the file is empty", expected="an Excel workbook", place=str(path))
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, SyntaxError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(path)) from error
    except Exception as error:  # openpyxl's own InvalidFileException derives from Exception alone
        if isinstance(error, InputError):
            raise
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"not a readable Excel workbook: {error}"[:300],
        fix="open and save it in Excel again, or save the sheet as CSV",
        place=str(path),
    )


def _holds_rows(sheet: Any) -> bool:
    rows = itertools.islice(sheet.iter_rows(values_only=True), _HEAD)
    return any(value is not None for row in rows for value in row)


def _pieces(sheet: Any, path: Path, notes: list[str]) -> Iterator[Rows]:
    sheet.reset_dimensions()  # some programs write a wrong size
    cells = ([_text(value) for value in row] for row in sheet.iter_rows(values_only=True))
    filled = ((line, row) for line, row in enumerate(cells, 1) if any(cell.strip() for cell in row))
    head = list(itertools.islice(filled, _HEAD))
    columns = layout((_trimmed(row) for _, row in head[:1]), [_trimmed(row) for _, row in head], path)
    rows: list[list[str]] = []
    size = 0
    for number, (line, row) in enumerate(itertools.chain(head[1:], filled), 1):
        full = _trimmed(row) + [""] * (columns.width - len(_trimmed(row)))
        rows.append(columns.fields(full, number, line))
        size += sum(map(len, rows[-1]))
        if len(rows) == PIECE_ROWS or size > PIECE_CHARACTERS:
            yield Rows(_named(columns.names, rows), notes=tuple(notes))
            rows, size = [], 0
    yield Rows(_named(columns.names, rows), notes=(*notes, *columns.notes()))


def _trimmed(row: list[str]) -> list[str]:
    """Without the empty cells at the end, which only say how wide the sheet is."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _named(names: list[str], rows: list[list[str]]) -> dict[str, list[str]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _text(value: Any) -> str:
    """A cell as text: what CSV would hold."""
    if value is None or (isinstance(value, str) and value in _ERRORS):
        return ""
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return (value.date() if midnight else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


_ERRORS = {"#N/A", "#NAME?", "#DIV/0!", "#REF!", "#VALUE!", "#NUM!", "#NULL!"}
