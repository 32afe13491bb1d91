"""The verb `predict`: every row of a table answered, with all its columns and in its order."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import Progress

from burnish.core.errors import InputError
from burnish.core.files import ASIDE, require_writable
from burnish.data.parts import require_columns
from burnish.data.reading import read
from burnish.data.table import Table
from burnish.predictor import Answer, Predictor, load

WINDOW = 4096  # rows read, answered and written together: memory does not grow with the table
ADDED = ("prediction", "probability", "probabilities")

Rows = list[dict[str, Any]]
Write = Callable[[Rows], None]


def predict(source: Path, data: str, *, out: Path, batch_size: int = 64, trust_code: bool = False) -> dict[str, Any]:
    """Answer each row of a table.

    Args:
        source: a run or bundle.
        data: any readable table.
        out: a new .csv, .tsv, .jsonl or .parquet file; it appears when it is complete.
        batch_size: rows at once.
        trust_code: whether components from outside burnish may be imported.

    Returns:
        `rows`, `notes` (how the table was read), `path`.

    Raises:
        InputError: a column is missing, the ending of `out` is unknown, or it is there already.
    """
    writer = _writer_for(out)
    predictor = load(source, batch_size=batch_size, trust_code=trust_code)
    table = read(data)
    require_columns(table, predictor.bundle.input.required_columns)
    taken = [name for name in ADDED if name in table.columns]
    if taken:
        raise InputError(
            f"column {taken[0]!r} is in the input already", fix="rename it: it would be overwritten", place=data
        )
    with writer(out, table, predictor) as write, Progress(transient=True) as progress:
        task = progress.add_task("answering", total=len(table))
        for rows in table.rows(table.columns, batch=WINDOW):
            write([{**row, **_added(a)} for row, a in zip(rows, predictor(rows), strict=True)])
            progress.advance(task, len(rows))
    return {"rows": len(table), "notes": list(table.notes), "path": str(out)}


def _added(answer: Answer) -> dict[str, Any]:
    return {"prediction": answer.answer, "probability": answer.confidence, "probabilities": answer.probabilities}


def _writer_for(out: Path) -> Any:
    writers = {".csv": _delimited(","), ".tsv": _delimited("\t"), ".jsonl": _jsonl, ".parquet": _parquet}
    if out.suffix not in writers:
        raise InputError(f"ending {out.suffix!r}", expected="one of " + ", ".join(writers), place=str(out))
    if out.exists():
        raise InputError("the file is there already", fix="choose another name, or delete it", place=str(out))
    if not out.parent.is_dir():
        raise InputError("the folder does not exist", fix=f"make it: mkdir -p {out.parent}", place=str(out.parent))
    require_writable(out)
    return writers[out.suffix]


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A file beside the final one that takes its name when all is written."""
    aside = out.with_name(ASIDE + out.name)
    try:
        yield aside
        os.replace(aside, out)
    finally:
        aside.unlink(missing_ok=True)


def _delimited(delimiter: str) -> Any:
    @contextmanager
    def writing(out: Path, table: Table, predictor: Predictor) -> Iterator[Write]:
        fields = [*table.columns, "prediction", "probability"]
        with _appearing(out) as aside, aside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fields, delimiter=delimiter, extrasaction="ignore")
            writer.writeheader()
            yield lambda rows: writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)

    return writing


def _cell(value: Any) -> Any:
    """Lists as one cell: names with bars, everything else as JSON."""
    if isinstance(value, list):
        plain = all(isinstance(v, str) and "|" not in v for v in value)
        return "|".join(value) if plain else json.dumps(value, ensure_ascii=False)
    return value


@contextmanager
def _jsonl(out: Path, table: Table, predictor: Predictor) -> Iterator[Write]:
    with _appearing(out) as aside, aside.open("w", encoding="utf-8") as file:
        yield lambda rows: file.writelines(json.dumps(r, ensure_ascii=False, default=str) + "\n" for r in rows)


@contextmanager
def _parquet(out: Path, table: Table, predictor: Predictor) -> Iterator[Write]:
    names = predictor.bundle.target.names
    probabilities = pa.struct([(name, pa.float32()) for name in names]) if names else pa.null()
    schema = table.arrow.schema.remove_metadata()
    schema = schema.append(pa.field("prediction", predictor.bundle.target.arrow_type()))
    schema = schema.append(pa.field("probability", pa.float32())).append(pa.field("probabilities", probabilities))
    with _appearing(out) as aside, pq.ParquetWriter(aside, schema) as writer:
        yield lambda rows: writer.write_table(
            pa.Table.from_pylist([{**r, "probabilities": r["probabilities"] or None} for r in rows], schema=schema)
        )
