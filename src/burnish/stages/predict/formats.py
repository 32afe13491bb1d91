"""Which format a file of answers is written in."""

from __future__ import annotations

from burnish.core.errors import InputError
from burnish.stages.predict.format import Delimited, Format, Lines, Tabbed
from burnish.stages.predict.rows import LARGER, arrow_there

FORMATS: dict[str, type[Format]] = {".csv": Delimited, ".tsv": Tabbed, ".jsonl": Lines}
PARQUET = ".parquet"


def format_of(ending: str, place: str = "") -> type[Format]:
    """The format by the ending of a file.

    Raises:
        InputError: an ending that is not written, or one that needs pyarrow where that is not installed.
    """
    if ending == PARQUET:
        if not arrow_there():
            raise InputError("writing Parquet needs pyarrow", fix=f"{LARGER}; or write .csv or .jsonl", place=place)
        from burnish.stages.predict.parquet import ParquetFormat

        return ParquetFormat
    if ending not in FORMATS:
        raise InputError(f"ending {ending!r}", expected="one of " + ", ".join([*FORMATS, PARQUET]), place=place)
    return FORMATS[ending]
