"""Formats of answer files: each writes pieces that are joined, in order, into one file."""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from burnish.core.errors import InputError
from burnish.core.files import file_aside
from burnish.stages.answering import Row
from burnish.targets import Target


@dataclass(frozen=True)
class Format(ABC):
    """A file of answers.

    Attributes:
        columns: the input's schema.
        target: what the answers are of.
    """

    columns: pa.Schema
    target: Target

    @abstractmethod
    def write(self, path: Path, batch: pa.RecordBatch, answers: Sequence[Row]) -> None:
        """One piece: input rows, and what is added to each."""

    @abstractmethod
    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """All pieces as one file, which appears when it is complete; memory holds one piece at most."""


class Delimited(Format):
    """CSV or TSV: `prediction`, `probability`, `error` and, where the bundle abstains, `abstained` are added."""

    delimiter = ","

    def _written(self, file: Any) -> csv.DictWriter[str]:
        fields = [*self.columns.names, "prediction", "probability", *["abstained"] * self.target.may_abstain, "error"]
        return csv.DictWriter(file, fields, delimiter=self.delimiter, extrasaction="ignore")

    def write(self, path: Path, batch: pa.RecordBatch, answers: Sequence[Row]) -> None:
        """Lines without a header."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = self._written(file)
            for row, added in zip(batch.to_pylist(), answers, strict=True):
                writer.writerow({name: _cell(value) for name, value in {**row, **added}.items()})

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """The header and all lines."""
        header = io.StringIO(newline="")
        self._written(header).writeheader()
        _concatenate(header.getvalue().encode(), pieces, out)


class Tabbed(Delimited):
    """The same with tabs."""

    delimiter = "\t"


class Lines(Format):
    """JSON Lines: `prediction`, `probability`, `probabilities`, `abstained` where the bundle abstains, `error`; bytes in base64."""

    def write(self, path: Path, batch: pa.RecordBatch, answers: Sequence[Row]) -> None:
        """One object a line."""
        with path.open("w", encoding="utf-8") as file:
            for row, added in zip(batch.to_pylist(), answers, strict=True):
                file.write(json.dumps({**row, **added}, ensure_ascii=False, default=_plain) + "\n")

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """All lines."""
        _concatenate(b"", pieces, out)


class Parquet(Format):
    """Parquet: input columns keep their types."""

    def _added(self) -> pa.Schema:
        names = self.target.names
        probabilities = pa.struct([(name, pa.float32()) for name in names]) if names else pa.null()
        abstained = [("abstained", pa.bool_())] * self.target.may_abstain
        return pa.schema(
            [
                ("prediction", self.target.arrow_type()),
                ("probability", pa.float32()),
                ("probabilities", probabilities),
                *abstained,
                ("error", pa.string()),
            ]
        )

    def write(self, path: Path, batch: pa.RecordBatch, answers: Sequence[Row]) -> None:
        """The input's own columns, untouched, and the added ones."""
        added = pa.Table.from_pylist(
            [{**a, "probabilities": a["probabilities"] or None} for a in answers], schema=self._added()
        )
        table = pa.Table.from_batches([batch]).replace_schema_metadata()
        for field, column in zip(added.schema, added.columns, strict=True):
            table = table.append_column(field, column)
        pq.write_table(table, path)

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """One row group a piece."""
        schema = pa.schema([*self.columns.remove_metadata(), *self._added()])
        with file_aside(out) as aside, pq.ParquetWriter(aside, schema) as writer:
            for piece in pieces:
                writer.write_table(pq.read_table(piece, partitioning=None).cast(schema))


FORMATS: dict[str, type[Format]] = {".csv": Delimited, ".tsv": Tabbed, ".jsonl": Lines, ".parquet": Parquet}


def format_of(out: Path) -> type[Format]:
    """The format by the ending of a file.

    Raises:
        InputError: an ending that is not written.
    """
    if out.suffix not in FORMATS:
        raise InputError(f"ending {out.suffix!r}", expected="one of " + ", ".join(FORMATS), place=str(out))
    return FORMATS[out.suffix]


def _concatenate(header: bytes, pieces: Sequence[Path], out: Path) -> None:
    with file_aside(out) as aside, aside.open("wb") as whole:
        whole.write(header)
        for piece in pieces:
            with piece.open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)


def _cell(value: Any) -> Any:
    """Lists as one cell: names with bars, everything else as JSON."""
    if isinstance(value, list):
        plain = all(isinstance(v, str) and "|" not in v for v in value)
        return "|".join(value) if plain else json.dumps(value, ensure_ascii=False, default=_plain)
    if isinstance(value, dict | bytes):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return value


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else str(value)
