"""Pieces answered by this process, or by several that are each given the next piece when they have finished one."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from burnish.answering.isolating import answers_of
from burnish.answering.predictor import Predictor, load
from burnish.core.errors import BurnishError, RunFailed
from burnish.core.filed import FileAnswer
from burnish.core.files import file_aside
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.formats import format_of
from burnish.stages.predict.pieces import keep, piece_path
from burnish.stages.predict.rows import Window, received
from burnish.stages.predict.tune_files import tune_files
from burnish.targets import Filed, Musical

THREADS = "OMP_NUM_THREADS"
MOST = 4096  # rows of a piece at most: by it files are numbered over all pieces

Numbered = tuple[int, Window]


@dataclass(frozen=True)
class Job:
    """What a process must know to answer pieces; plain values, because it may be another process.

    Attributes:
        source: the bundle.
        columns: of the rows.
        ending: of the file of answers.
        folder: where pieces go.
        batch_size: rows at once.
        runtime: settings of what computes.
        trust_code: whether components from outside burnish may be imported.
        root: what relative paths in the rows are relative to; None for rows that are no files.
        files: folder for answers that are files.
        called: what columns of the model are called in the rows, where they are called otherwise.
    """

    source: str
    columns: tuple[str, ...]
    ending: str
    folder: str
    batch_size: int
    runtime: dict[str, Any]
    trust_code: bool
    root: str | None
    files: str = ""
    called: dict[str, str] = field(default_factory=dict)

    def predictor(self) -> Predictor:
        """The model, its golden examples checked."""
        predictor = load(self.source, runtime=self.runtime, batch_size=self.batch_size, trust_code=self.trust_code)
        if self.root is not None and "root" in type(predictor.bundle.input).model_fields:
            here = predictor.bundle.input.model_copy(update={"root": self.root})
            predictor.bundle = replace(predictor.bundle, input=here)
        return predictor


def answer_pieces(
    job: Job, pending: Iterator[Numbered], processes: int, done: Callable[[dict[str, Any]], None]
) -> None:
    """Answer pieces and keep each on disk.

    Args:
        job: what they are answered with.
        pending: numbers and rows of the pieces that are still to do; taken as they are needed.
        processes: how many work at once; 1 is this one.
        done: called, in this process, with what is to be noted of each piece.

    Raises:
        RunFailed: a process ended before its time, or no row can be answered; finished pieces are kept.
    """
    if processes == 1:
        predictor = job.predictor()
        for number, window in pending:
            done(_piece(job, predictor, number, window))
        return
    with _started(job, processes) as workers:
        busy = {c: w for c, w in workers.items() if _given(c, pending)}
        while busy:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                done(_result(connection, busy[connection]))
                if not _given(connection, pending):
                    del busy[connection]


def _piece(job: Job, predictor: Predictor, number: int, window: Window) -> dict[str, Any]:
    rows = window.rows()
    answers = answers_of(predictor, GivenColumns((), None, job.called).rows(rows) if job.called else rows)
    written = format_of(job.ending)(job.columns, predictor.bundle.target)
    if isinstance(predictor.bundle.target, Musical):
        for row, answer in enumerate(answers, 1):
            tune_files(predictor.bundle.target, answer["prediction"], Path(job.files), number * MOST + row)
    if isinstance(predictor.bundle.target, Filed):
        answers = [_filed(answer, Path(job.files), number * MOST + row) for row, answer in enumerate(answers, 1)]
    path = piece_path(Path(job.folder), number)
    digest = keep(path, lambda aside: written.write(aside, window, answers))
    return {
        "piece": number,
        "sha256": digest,
        "rows": len(answers),
        "errors": sum(a["error"] is not None for a in answers),
    }


def _filed(answer: dict[str, Any], folder: Path, number: int) -> dict[str, Any]:
    """The answer with the path of its file, relative to the folder of the table, once that is written."""
    made = answer["prediction"]
    if not isinstance(made, FileAnswer):
        return answer
    folder.mkdir(exist_ok=True)
    path = folder / f"{number:08d}{made.ending}"
    with file_aside(path) as aside:
        aside.write_bytes(made.content)
    return {**answer, "prediction": f"{folder.name}/{path.name}"}


@contextmanager
def _started(job: Job, processes: int) -> Iterator[dict[Connection, BaseProcess]]:
    """Fresh processes that share the cores between them; none is left behind."""
    context = get_context("spawn")
    before = os.environ.get(THREADS)
    # Every process would otherwise start a thread for every core, and they would wait for each other.
    os.environ.setdefault(THREADS, str(max(1, (os.cpu_count() or 1) // processes)))
    workers: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(processes):
            here, there = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(there, asdict(job)), daemon=True)
            process.start()
            there.close()
            workers[here] = process
        yield workers
    finally:
        if before is None:
            del os.environ[THREADS]
        for connection, process in workers.items():
            connection.close()  # a process without work ends by itself when nobody is there to give it any
            process.join(0.2)
            process.terminate()
            process.join()


def _given(connection: Connection, pending: Iterator[Numbered]) -> bool:
    """Send the next piece; False when there is none."""
    piece = next(pending, None)
    if piece is None:
        return False
    number, window = piece
    try:
        connection.send_bytes(number.to_bytes(8, "big"))
        connection.send_bytes(window.sent())
    except OSError:
        pass  # it has ended; the answer that never comes says so
    return True


def _result(connection: Connection, process: BaseProcess) -> dict[str, Any]:
    again = "run the same command again: what is finished is kept"
    try:
        message: dict[str, Any] = json.loads(connection.recv_bytes())
    except (EOFError, OSError):
        process.join(5)
        raise RunFailed(f"a process ended before its time (exit code {process.exitcode})", fix=again) from None
    if "failed" in message:
        raise RunFailed(message["failed"], fix=message["fix"] or again, place=message["place"])
    return message


def _work(connection: Connection, settings: dict[str, Any]) -> None:
    """What a process does until there is no more to do or its parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    job = Job(**settings)
    try:
        predictor = job.predictor()
        while True:
            number = int.from_bytes(connection.recv_bytes(), "big")
            window = received(connection.recv_bytes())
            connection.send_bytes(json.dumps(_piece(job, predictor, number, window)).encode())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except BurnishError as error:
        connection.send_bytes(json.dumps({"failed": error.found, "fix": error.fix, "place": error.place}).encode())
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        connection.send_bytes(json.dumps({"failed": words, "fix": "", "place": ""}).encode())
