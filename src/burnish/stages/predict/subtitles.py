"""The verb `predict` with a folder of subtitles: one file for each recording."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from burnish.answering.opening import answers_with, settled
from burnish.answering.predictor import Predictor
from burnish.answering.recording import Windows
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.core.files import file_aside
from burnish.media.transcript.subtitles import WRITTEN, Cue
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.processes import Job
from burnish.stages.predict.source import root_of, rows_of
from burnish.targets import Transcribed

_AT_ONCE = 64  # rows in memory
Row = dict[str, Any]


def subtitles(
    source: Path,
    data: str,
    *,
    out: Path,
    form: str,
    batch_size: int = 64,
    processes: int = 1,
    runtime: str | dict[str, Any] | None = None,
    trust_code: bool = False,
    input_columns: Sequence[str] = (),
) -> dict[str, Any]:
    """Transcribe recordings into `OUT/NAME.srt` or `.vtt`; files that are there already are kept, so that it can be repeated.

    Args:
        source, data: as of `predict`; the folders below a folder of recordings are made in `out` as well.
        out: a folder.
        form: `srt` or `vtt`.
        batch_size, processes, runtime, trust_code, input_columns: as of `predict`; one process.

    Returns:
        As `predict`; `warnings` says which recordings have no file, and why.

    Raises:
        InputError: the model does not transcribe, nothing is there, or several processes are asked for.
    """
    bundle = Bundle.load(source, trust_code=trust_code)
    _require(bundle, out, processes)
    given = GivenColumns.of(bundle.input, input_columns=input_columns)
    chosen = settled(bundle, runtime)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".burnish-") as spool:
        rows = rows_of(data, bundle.input, Path(spool), given)
        settings = {"kind": chosen.kind(), **chosen.model_dump()}
        where = root_of(data, bundle.input)
        job = Job(str(bundle.path), rows.columns, f".{form}", spool, batch_size, settings, trust_code, where)
        every = (row for _, window in rows.windows(_AT_ONCE).numbered(set()) for row in window.rows())
        names = _Names(given.names[0], where or os.getcwd(), _above(data), form)
        kept, problems = _each(job.predictor(), every, given, names, out)
    told = {"rows": len(rows), "errors": len(problems), "kept": kept, "answers_with": answers_with(chosen)}
    return {**told, "notes": list(rows.notes), "warnings": problems, "path": str(out)}


def _require(bundle: Bundle, out: Path, processes: int) -> None:
    """Refuse what cannot be, before anything is written."""
    if processes > 1:
        raise InputError("subtitles are written by one process", fix="leave --processes out", place="--processes")
    if not isinstance(bundle.target, Transcribed):
        raise InputError(
            f"subtitles of target {bundle.target.kind()!r}",
            expected="a model that transcribes",
            fix="leave --format out",
            place="--format",
        )
    if out.exists() and not out.is_dir():
        raise InputError("it is a file", expected="a folder, in which each recording gets a file", place=str(out))


def _each(
    predictor: Predictor, rows: Iterator[Row], given: GivenColumns, names: _Names, out: Path
) -> tuple[int, list[str]]:
    """Write a file for each row; how many were there already, and what is wrong with rows that got none."""
    kept, problems = 0, list[str]()
    for row in rows:
        place = out / names.of(row)
        if place.is_file():
            kept += 1
            continue
        try:
            cues = cues_of(predictor, GivenColumns((), None, given.called).rows([row])[0])
        except InputError as error:
            problems.append(f"{place.name}: {error.found}")
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with file_aside(place) as aside:
            aside.write_text(WRITTEN[names.form](cues), encoding="utf-8")
    return kept, problems


def cues_of(predictor: Predictor, row: Row) -> list[Cue]:
    """The phrases of a recording with their times.

    Raises:
        InputError: it cannot be read.
    """
    (prepared,) = predictor.prepare([row], timed=True)
    windows = Windows.of(predictor.bundle, prepared)
    windows.answers = predictor.answer(windows.prepared)
    return windows.cues()


def _above(data: str) -> str:
    """The folder that was named, or that of the file or table; the working folder of standard input."""
    path = Path(data).expanduser()
    return str((path if path.is_dir() else path.parent).absolute())


class _Names:
    """Names of files, with the folders below the one that was named; parts of one recording are numbered.

    Args:
        column: of paths.
        root: what these are relative to.
        above: the folder that was named.
        form: the ending.
    """

    def __init__(self, column: str, root: str, above: str, form: str) -> None:
        self._column, self._root, self._above, self.form = column, root, above, form
        self._seen = Counter[str]()

    def of(self, row: Row) -> str:
        """Of a row; one without a path is `recording`."""
        value = row.get(self._column)
        path = os.path.join(self._root, value) if isinstance(value, str) else os.path.join(self._above, "recording")
        beside = os.path.relpath(path, self._above)
        name = os.path.basename(beside) if beside.startswith(os.pardir) else beside
        self._seen[name] += 1
        number = f"-{self._seen[name]}" if self._seen[name] > 1 else ""
        return f"{os.path.splitext(name)[0]}{number}.{self.form}"
