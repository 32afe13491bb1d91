"""Tables, files and sources that several test files need."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from burnish.core.processor import Processor
from burnish.data.table import Origin, Table
from burnish.inputs.text import Text
from burnish.targets.label import Label
from tests import sound_cases, speech_cases
from tests.image_cases import folder_of_rows, rows_of_folder
from tests.speech_cases import SPEECH

ROWS: list[dict[str, Any]] = [
    {"text": "good, really", "label": "yes"},
    {"text": 'two\nlines and "quotes"', "label": "no"},
    {"text": "naïve café — 好", "label": "yes"},
]


def table(rows: Sequence[dict[str, Any]], path: str = "made.csv") -> Table:
    """A table in memory whose rows are said to come from `path`."""
    return Table(pa.Table.from_pylist(list(rows)), (Origin(path, "0" * 64, len(rows)),))


def text_input(*columns: str) -> Text:
    """The text input over these columns (`text` when none is named)."""
    return Text(columns=list(columns) or ["text"])


def label_target(*names: str) -> Label:
    """A label target that has learned these names."""
    return Label(column="label", labels=sorted(names))


def csv_text(rows: Sequence[dict[str, Any]], delimiter: str = ",") -> str:
    """Rows as quoted CSV."""
    quoted = [[str(v).replace('"', '""') for v in row.values()] for row in rows]
    lines = [delimiter.join(rows[0]), *(delimiter.join(f'"{v}"' for v in values) for values in quoted)]
    return "\n".join(lines) + "\n"


def written(kind: str, rows: Sequence[dict[str, Any]], folder: Path) -> Any:
    """The rows as a source of this kind reads them: a path, a saved folder or data in memory."""
    path = folder / f"rows.{kind}"
    if kind == "csv":
        path.write_text(csv_text(rows), encoding="utf-8")
    elif kind == "json":
        path.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif kind == "hub":
        import datasets

        datasets.Dataset.from_list(list(rows)).save_to_disk(str(path))
    elif kind == "conll":
        blocks = ["".join(f"{word}\t{row['label']}\n" for word in row["text"].split()) for row in rows]
        path.write_text("\n".join(blocks), encoding="utf-8")
    elif kind == "excel":
        return workbook({"rows": [list(rows[0]), *(list(row.values()) for row in rows)]}, path.with_suffix(".xlsx"))
    elif kind == "memory":
        return list(rows)
    elif kind == "image_folder":
        return folder_of_rows(rows, path)
    elif kind == "audio_folder":
        return sound_cases.folder_of_rows(rows, path)
    elif kind == "captioned_folder":
        path.mkdir(parents=True, exist_ok=True)
        for number, row in enumerate(rows):
            (path / f"{number:06}.wav").write_bytes(b"RIFF")
            (path / f"{number:06}.txt").write_text(str(row["text"]), encoding="utf-8")
    elif kind in SPEECH:
        return speech_cases.written(kind, rows, folder)
    else:
        raise AssertionError(f"add a way to write {kind} to tests/data_cases.py")
    return path


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], path: Path) -> Path:
    """An Excel workbook with these rows in each sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def expected(kind: str, rows: Sequence[dict[str, Any]], what: Any) -> list[dict[str, Any]]:
    """The rows that are read from what `written` made."""
    if kind in SPEECH:
        return speech_cases.expected(kind, rows, what)
    if kind == "captioned_folder":
        captions = (" ".join(str(row["text"]).split()) for row in rows)
        return [{"caption": c, "audio": str(what / f"{n:06}.wav")} for n, c in enumerate(captions)]
    if kind == "audio_folder":
        return [{"audio": str(p), "label": p.parent.name} for p in sorted(what.rglob("*.wav"))]
    if kind == "conll":
        words = [row["text"].split() for row in rows]
        return [{"tokens": w, "tags": [row["label"]] * len(w)} for w, row in zip(words, rows, strict=True)]
    return rows_of_folder(what) if kind == "image_folder" else list(rows)


def gzipped(path: Path) -> Path:
    """The same file, gzipped beside it."""
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


@dataclass(frozen=True)
class Bare(Processor):
    """Of tests in which nothing is read with it."""

    def fingerprint(self) -> str:
        """Always the same."""
        return "bare"

    def settings(self) -> dict[str, Any]:
        """None."""
        return {}


BARE = Bare()
