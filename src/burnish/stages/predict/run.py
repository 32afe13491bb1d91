"""The verb `predict`: every row of a table answered, with all its columns and in its order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from burnish.answering.opening import answers_with, settled
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError, RunFailed
from burnish.core.files import MANIFEST, disk_is_full, require_writable, sha256
from burnish.stages.given_columns import GivenColumns
from burnish.stages.outside import require_apart
from burnish.stages.predict.formats import format_of
from burnish.stages.predict.pieces import Pieces, begun, folder_of, forget, left_complete, piece_path, working
from burnish.stages.predict.processes import MOST, Job, answer_pieces
from burnish.stages.predict.rows import BYTES, InputRows
from burnish.stages.predict.source import root_of, rows_of
from burnish.stages.signals import stopped
from burnish.targets import covers

WINDOW = MOST  # rows read, sorted by length, answered and kept together: memory does not grow with the table
FILES = 512  # the same for rows that are pictures or sounds, whose bytes may stand in the table
SHARES = 8  # pieces a process gets at least, where there are so many rows, so that none waits long for the last one
SMALLEST = 64  # rows of a piece that is cut for the sake of sharing


@dataclass(frozen=True)
class Request:
    """What was asked for; see `predict`."""

    source: Path
    data: str
    out: Path
    batch_size: int
    processes: int
    runtime: str | dict[str, Any] | None
    trust_code: bool
    input_columns: tuple[str, ...] = ()


def predict(
    source: Path,
    data: str,
    *,
    out: Path,
    batch_size: int = 64,
    processes: int = 1,
    runtime: str | dict[str, Any] | None = None,
    trust_code: bool = False,
    input_columns: Sequence[str] = (),
) -> dict[str, Any]:
    """Answer each row of a table.

    A run that was stopped or killed goes on where it was when it is called again in the same way: finished pieces are
    kept beside `out` until it is complete. A row that cannot be answered (a broken image, say) has an `error`.

    Args:
        source: a run or bundle.
        data: any readable table; a folder of images or sounds where the model reads those; `-` for JSON lines from
            standard input.
        out: a new .csv, .tsv, .jsonl or .parquet file; it appears when it is complete. Answers that are files lie in a
            folder beside it, `NAME-files`.
        batch_size: rows at once.
        processes: how many work at once, each with its own copy of the model.
        runtime: as of `burnish.load`.
        trust_code: whether components from outside burnish may be imported.
        input_columns: what the columns that the model reads are called in `data`, in its order; empty: as in training.

    Returns:
        `rows`, `errors` (rows without an answer), `kept` (rows an interrupted run had answered),
        `answers_with` (`torch`, or the name of an artifact), `notes` (how the table was read), `path`.

    Raises:
        InputError: a column is missing, the ending of `out` is unknown, or it is there already.
        RunFailed: the model cannot answer at all, a process died, or the disk is full; what is finished is kept.
        Interrupted: Ctrl-C or SIGTERM; what is finished is kept.
    """
    complete = left_complete(out)
    if complete is not None:
        forget(folder_of(out))
        return {**complete, "kept": complete["rows"], "path": str(out)}
    _require_new(out)
    asked = Request(source, data, out, batch_size, processes, runtime, trust_code, tuple(input_columns))
    bundle = Bundle.load(source, trust_code=trust_code)
    if bundle.input.stored:  # a table beside pictures or sounds is not read with them
        require_apart(out, [data], option="-o")
    with working(out) as folder:
        given = GivenColumns.of(bundle.input, input_columns=asked.input_columns)
        return _answered(
            asked, bundle, given, rows_of(data, bundle.input, folder, given, covers(bundle.target)), folder
        )


def _answered(asked: Request, bundle: Bundle, given: GivenColumns, rows: InputRows, folder: Path) -> dict[str, Any]:
    runtime = settled(bundle, asked.runtime)
    identity = _identity(asked, bundle, rows)
    pieces = begun(folder, identity, rows=len(rows), cut=_cut(len(rows), bundle, asked.processes))
    windows = rows.windows(pieces.cut)
    kept = sum(done["rows"] for done in pieces.done.values())
    root = root_of(asked.data, bundle.input)
    job = Job(
        str(bundle.path),
        rows.columns,
        asked.out.suffix,
        str(folder),
        asked.batch_size,
        {"kind": runtime.kind(), **runtime.model_dump()},
        asked.trust_code,
        root,
        str(files_of(asked.out)),
        dict(given.called),
    )
    with _stoppable(pieces, len(rows)), _progress(len(rows), kept) as advance:

        def done(written: dict[str, Any]) -> None:
            pieces.add(written)
            advance(written["rows"])

        left = len(windows) - len(pieces.done)
        if left:
            answer_pieces(job, windows.numbered(set(pieces.done)), min(asked.processes, left), done)
        join = format_of(asked.out.suffix)(rows.columns, bundle.target, rows.schema).join
        join([piece_path(folder, number) for number in range(len(windows))], asked.out)
    forget(folder)
    errors = sum(written["errors"] for written in pieces.done.values())
    return {
        "rows": len(rows),
        "errors": errors,
        "kept": kept,
        "answers_with": answers_with(runtime),
        "notes": list(rows.notes),
        "path": str(asked.out),
    }


def files_of(out: Path) -> Path:
    """The folder for answers that are files, beside the table that names them."""
    return out.with_name(f"{out.stem}-files")


def _cut(rows: int, bundle: Bundle, processes: int) -> int:
    """Rows of a piece."""
    most = WINDOW if bundle.input.stored else FILES
    return most if processes == 1 else min(most, max(SMALLEST, -(-rows // (processes * SHARES))))


def _identity(asked: Request, bundle: Bundle, rows: InputRows) -> dict[str, Any]:
    """What the pieces depend on; an interrupted run of anything else is not continued."""
    return {
        "model": sha256(bundle.path / MANIFEST),
        "input": rows.fingerprint,
        "batch_size": asked.batch_size,
        "runtime": asked.runtime,
        "ending": asked.out.suffix,
        "columns": list(asked.input_columns) or None,
        "window": BYTES,
    }


def _require_new(out: Path) -> None:
    format_of(out.suffix, str(out))
    if out.exists():
        raise InputError("the file is there already", fix="choose another name, or delete it", place=str(out))
    if not out.parent.is_dir():
        raise InputError("the folder does not exist", fix=f"make it: mkdir -p {out.parent}", place=str(out.parent))
    require_writable(out)


@contextmanager
def _stoppable(pieces: Pieces, rows: int) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a full disk say what is kept and how to go on."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if main else None

    def kept() -> str:
        return f"{sum(done['rows'] for done in pieces.done.values()):,} of {rows:,} rows are predicted and kept"

    try:
        yield
    except KeyboardInterrupt:
        raise stopped(f"stopped; {kept()}", "run the same command again: it goes on from there") from None
    except OSError as error:
        if not disk_is_full(error):
            raise
        raise RunFailed(
            f"the disk is full; {kept()}",
            fix="free some space, then run the same command again",
            place=str(pieces.folder),
        ) from error
    finally:
        if main:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


@contextmanager
def _progress(total: int, done: int) -> Iterator[Any]:
    """A bar on the terminal's error stream; silent where there is no terminal."""
    columns = (TextColumn("answering"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, transient=True, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("answering", total=total, completed=done)
        yield lambda rows: progress.advance(task, rows)
