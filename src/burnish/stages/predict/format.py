"""Formats of answer files: each writes pieces that are joined, in order, into one file."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from burnish.answering.isolating import ENDED, TAGGED, Row
from burnish.core.files import file_aside
from burnish.stages.predict.rows import Window
from burnish.targets import Generative, Target, covers, may_abstain

ODD = "backslashreplace"
"""Half a surrogate pair, which no file of UTF-8 holds, is written as JSON escapes it: \\ud800."""


@dataclass(frozen=True)
class Format(ABC):
    """A file of answers.

    Attributes:
        columns: of the input, in order.
        target: what the answers are of.
        schema: of the input, where it is in Arrow.
    """

    columns: tuple[str, ...]
    target: Target
    schema: Any = None

    @abstractmethod
    def write(self, path: Path, window: Window, answers: Sequence[Row]) -> None:
        """One piece: input rows, and what is added to each."""

    @abstractmethod
    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """All pieces as one file, which appears when it is complete; memory holds one piece at most."""


class Delimited(Format):
    """CSV or TSV: `prediction`, `probability`, `error` and, where there is such, `abstained`, a set or an interval,
    `tagged`, `ended` are added."""

    delimiter = ","

    def _written(self, file: Any) -> csv.DictWriter[str]:
        more = ["abstained"] * may_abstain(self.target) + [*covers(self.target)]
        more += [TAGGED] * (self.target.shape == "element")
        more += [ENDED] * isinstance(self.target, Generative)
        fields = [*self.columns, "prediction", "probability", *more, "error"]
        return csv.DictWriter(file, fields, delimiter=self.delimiter, extrasaction="ignore")

    def write(self, path: Path, window: Window, answers: Sequence[Row]) -> None:
        """Lines without a header."""
        with path.open("w", encoding="utf-8", errors=ODD, newline="") as file:
            writer = self._written(file)
            for row, added in zip(window.rows(), answers, strict=True):
                writer.writerow({name: _cell(value) for name, value in {**row, **added}.items()})

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """The header and all lines."""
        header = io.StringIO(newline="")
        self._written(header).writeheader()
        _concatenate(header.getvalue().encode(errors=ODD), pieces, out)


class Tabbed(Delimited):
    """The same with tabs."""

    delimiter = "\t"


class Lines(Format):
    """JSON Lines: `prediction`, `probability`, `probabilities`, `error`; `abstained`, `tagged`, `ended` where there are."""

    def write(self, path: Path, window: Window, answers: Sequence[Row]) -> None:
        """One object a line."""
        with path.open("w", encoding="utf-8") as file:
            for row, added in zip(window.rows(), answers, strict=True):
                cells = {name: row.get(name) for name in self.columns}
                file.write(_line({**cells, **added}) + "\n")

    def join(self, pieces: Sequence[Path], out: Path) -> None:
        """All lines."""
        _concatenate(b"", pieces, out)


def _line(row: dict[str, Any]) -> str:
    """JSON that every parser reads: half a surrogate pair is escaped, and NaN and the like, which JSON lacks, are texts."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(row, default=_plain)
    except ValueError:
        return _line(cast(dict[str, Any], _finite(row)))
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


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
