"""Answers in Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from burnish.answering.isolating import ENDED, TAGGED, Row
from burnish.core.files import file_aside
from burnish.stages.predict.format import Format
from burnish.stages.predict.rows import Window
from burnish.stages.predict.rows_arrow import ArrowWindow
from burnish.targets import PREDICTION_SET, Generative, covers, may_abstain, names_of


class ParquetFormat(Format):
    """Parquet: input columns keep their types."""

    def _added(self) -> pa.Schema:
        names = names_of(self.target)
        probabilities = pa.struct([(name, pa.float32()) for name in names]) if names else pa.null()
        abstained = [("abstained", pa.bool_())] * may_abstain(self.target)
        of_region = {PREDICTION_SET: pa.list_(pa.string())}
        region = [(name, of_region.get(name, pa.float64())) for name in covers(self.target)]
        pair = pa.struct([("token", pa.string()), ("tag", pa.string())])
        tagged = [(TAGGED, pa.list_(pair))] * (self.target.shape == "element")
        return pa.schema(
            [
                ("prediction", self.target.arrow_type()),
                ("probability", pa.float32()),
                ("probabilities", probabilities),
                *abstained,
                *region,
                *tagged,
                *[(ENDED, pa.string())] * isinstance(self.target, Generative),
                ("error", pa.string()),
            ]
        )

    def write(self, path: Path, window: Window, answers: Sequence[Row]) -> None:
        """The input's own columns, untouched, and the added ones."""
        added = pa.Table.from_pylist(
            [{**a, "probabilities": a["probabilities"] or None} for a in answers], schema=self._added()
        )
        table = pa.Table.from_batches([_batch(window)]).replace_schema_metadata()
        for field, column in zip(added.schema, added.columns, strict=True):
            table = table.append_column(field, column)
        pq.write_table(table, path)

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """One row group a piece."""
        schema = pa.schema([*self.schema.remove_metadata(), *self._added()])
        with file_aside(out) as aside, pq.ParquetWriter(aside, schema) as writer:
            for piece in pieces:
                writer.write_table(pq.read_table(piece, partitioning=None).cast(schema))


def _batch(window: Window) -> pa.RecordBatch:
    assert isinstance(window, ArrowWindow)  # where Parquet is written there is pyarrow, and then rows are kept in it
    return window.batch
