"""A model that is served: its predictor, its queue, and what is told about it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from burnish.answering.explaining import unexplained
from burnish.answering.isolating import beside
from burnish.answering.predictor import Predictor, PreparedRow, load
from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, sha256
from burnish.inputs import FromFiles, asked_of, endings_of
from burnish.server.batcher import Batcher
from burnish.server.chat.prompts import chats
from burnish.server.chat.writer import Writer
from burnish.server.limits import check_file, check_windows
from burnish.server.logs import LOG
from burnish.server.metrics import Metrics
from burnish.server.readers import Readers
from burnish.server.refusal import Refused, late
from burnish.server.rows import Reader, RowError
from burnish.server.settings import Settings, name_of, place_of
from burnish.targets import Filed, Generative, Musical, Transcribed, names_of

READING = 0.8  # of the deadline is what reading one row may take: the others of its request have the rest
MOST_LOST = 8  # threads of a model that may be left behind, each with a row that is never done
MOST_TOKENS = 4096  # of a batch, padding included: 32 rows of 512 tokens would hold half a gigabyte between two layers
MOST_WINDOWS = 8  # of speech in a batch: half a minute each, and more go no faster
BASE = "-base"  # behind the name of a model: that of the checkpoint it was trained from
DETAILS = 20  # rows that an error names


@dataclass(frozen=True)
class Served:
    """One version of one model.

    Attributes:
        name, version: as in its address.
        predictor: the bundle and what computes it.
        reader: requests to rows.
        batcher: its queue and thread.
        settings: the limits.
        metrics: where counts go.
        readers: threads in which rows are read and encoded.
        writer: what answers conversations; None where this model does not chat.
        base: the name under which the checkpoint it was trained from is served beside it; empty where it is not.
        trained: whether it is the trained model: what the bundle says of its test and of answers is of this one.
    """

    name: str
    version: str
    predictor: Predictor
    reader: Reader
    batcher: Batcher
    settings: Settings
    metrics: Metrics
    readers: Readers
    writer: Writer | None = None
    base: str = ""
    trained: bool = True

    @property
    def chats(self) -> bool:
        """Whether OpenAI's protocol is answered for it."""
        return self.writer is not None

    @property
    def transcribes(self) -> bool:
        """Whether recordings are answered in OpenAI's protocol."""
        return isinstance(self.predictor.bundle.target, Transcribed)

    @property
    def composes(self) -> bool:
        """Whether it writes music for captions."""
        target = self.predictor.bundle.target
        asked = not isinstance(target, Filed) or len(self.caption) > 0
        return isinstance(target, Musical) and isinstance(target, Generative) and asked

    @property
    def caption(self) -> str:
        """The column of captions of a model that writes music; empty where it has none."""
        return str(getattr(self.reader.input, "caption", "caption") or "")

    @property
    def path(self) -> str:
        """The part of an address that names it."""
        return f"{self.name}/versions/{self.version}"

    @property
    def unexplained(self) -> str:
        """Why its answers are not explained; empty where they are."""
        return unexplained(self.reader.input, self.predictor.bundle.target)

    def check(self, row: dict[str, Any]) -> None:
        """Whether the file of a row, where it is one, is small enough to be opened.

        Raises:
            InputError: too large.
        """
        input_ = self.reader.input
        if isinstance(input_, FromFiles) and endings_of(input_):
            check_file(row[input_.required_columns[0]], input_, input_.thing, self.settings)

    async def answers(self, rows: Sequence[dict[str, Any] | RowError]) -> list[Answer | str]:
        """An answer, or why there is none, for each row.

        Args:
            rows: as they were asked; where one was no row, what is wrong with it, which is passed on.

        Raises:
            Refused: too much is waiting (429), the deadline has passed (503), or no row can be answered (422).
        """
        read = [row for row in rows if not isinstance(row, RowError)]
        results = beside(RowError, rows, await self._computed(read) if read else [])
        told = [result.problem if isinstance(result, RowError) else said(self, result) for result in results]
        wrong = [{"row": i, "error": s} for i, s in enumerate(told) if isinstance(s, str)]
        if len(wrong) == len(told):
            first = (
                wrong[0]["error"]
                if len(told) == 1
                else f"none of the examples can be predicted; the first: {wrong[0]['error']}"
            )
            raise Refused(422, str(first), details=wrong[:DETAILS])
        self.metrics.answered(self.name, self.version, [s for s in told if isinstance(s, Answer)])
        return told

    async def _computed(self, rows: Sequence[dict[str, Any]]) -> list[Answer | BaseException]:
        """Read in this model's threads, answered by its batcher; what fails does so for its row alone."""
        deadline = time.monotonic() + self.settings.deadline
        with self.batcher.admitted(len(rows), self.settings.deadline):
            try:
                prepared = await self.readers.each(self.prepared, rows, deadline)
                read = [p for p in prepared if isinstance(p, PreparedRow)]
                answers = await self.batcher.answers(read, deadline) if read else []
            except TimeoutError:
                raise late(self.settings.deadline) from None
        return beside(BaseException, prepared, answers)

    def prepared(self, row: dict[str, Any], *, timed: bool = False) -> PreparedRow:
        """A row as numbers; called in a thread of `readers`. `timed`: words of its transcript are to have times.

        Raises:
            InputError: it cannot be read, or is too large.
        """
        self.check(row)
        prepared = self.predictor.prepare([row], timed=timed)[0]
        check_windows(prepared.views, self.settings.max_windows)
        return prepared


class Unanswered(Exception):
    """The model itself failed on a row that was read without fault: an error of ours, not of the request."""


def said(served: Served, result: Answer | BaseException) -> Answer | str:
    """An answer, or what is told of the error of a row.

    Raises:
        Unanswered: the row was read without fault.
    """
    if isinstance(result, Answer):
        return result
    if isinstance(result, InputError):
        # Of a file's own place nothing is told: it is a path of this machine, or an address in memory.
        return f"{result.found}; expected {result.expected}" if result.expected else result.found
    LOG.error("a row failed", extra={"model": served.name, "failure": f"{type(result).__name__}: {result}"})
    raise Unanswered from result


def opened(settings: Settings, metrics: Metrics) -> list[Served]:
    """As `_opened`, in a thread that ends.

    A thread that has computed keeps its helpers of OpenMP while it lives; beside those of the thread that answers there are
    then more than cores, and libgomp lets none of them wait awake: a language model wrote 10 tokens a second instead of 16.
    """
    with ThreadPoolExecutor(1, "burnish-open") as thread:
        return thread.submit(_opened, settings, metrics).result()


def _opened(settings: Settings, metrics: Metrics) -> list[Served]:
    """Load all bundles, hashes and golden examples checked; with `compare` each with the checkpoint it was trained from.

    Raises:
        InputError: a bundle is damaged, answers otherwise than it did, or two have the same name and version; or there is
            nothing to compare with.
    """
    _require_comparable(settings)
    models: list[Served] = []
    for text in settings.bundles:
        place = place_of(text)
        predictor = load(
            place.path, runtime=settings.runtime, batch_size=settings.max_batch, trust_code=settings.trust_code
        )
        bundle = predictor.bundle
        name, version = place.name or name_of(bundle.path), place.version or sha256(bundle.path / MANIFEST)[:12]
        _require_new(models, name, version, text)
        base = f"{name}{BASE}" if settings.compare and chats(bundle) else ""
        models.append(_served(name, version, predictor, settings, metrics, base=base))
        if base:
            _require_new(models, base, version, text)
            models.append(_served(base, version, _base(bundle, settings), settings, metrics, trained=False))
    if settings.compare and not any(m.base for m in models):
        raise InputError(
            "no bundle that is served chats: there is nothing to compare", fix="leave --compare out", place="--compare"
        )
    return models


def _require_new(models: Sequence[Served], name: str, version: str, text: str) -> None:
    if any((m.name, m.version) == (name, version) for m in models):
        raise InputError(
            f"two bundles are called {name!r} in version {version!r}",
            fix="name them: NAME@VERSION=PATH",
            place=text,
        )


def _require_comparable(settings: Settings) -> None:
    if settings.base is not None and not settings.compare:
        raise InputError("--base without --compare", fix="add --compare, or leave --base out", place="--base")
    if settings.base is not None and len(settings.bundles) > 1:
        raise InputError(
            f"--base is the checkpoint of one bundle, and {len(settings.bundles)} are served",
            fix="serve them apart",
            place="--base",
        )


def _base(bundle: Bundle, settings: Settings) -> Predictor:
    """The checkpoint that a bundle was trained from, in torch."""
    from burnish.stages.chat.opening import base_of

    return base_of(bundle, settings.base, runtime=settings.runtime, trust_code=settings.trust_code)


def _served(
    name: str,
    version: str,
    predictor: Predictor,
    settings: Settings,
    metrics: Metrics,
    *,
    base: str = "",
    trained: bool = True,
) -> Served:
    """One model with its queue and threads."""
    bundle = predictor.bundle
    metrics.expect(name, version, names_of(bundle.target), bundle.settings.get("answers") if trained else None)
    reader = Reader(asked_of(bundle.input), settings)
    batcher = Batcher(
        predictor.answer,
        settings.max_batch,
        settings.max_wait,
        settings.max_queue,
        metrics.batches(name, version),
        most_elements=MOST_TOKENS if bundle.input.lengths_matter and not endings_of(bundle.input) else None,
    )
    readers = Readers(
        min(4, os.cpu_count() or 1), max(1.0, READING * settings.deadline), MOST_LOST, f"{name}/versions/{version}"
    )
    writer = Writer(predictor.together(), settings.max_queue) if chats(bundle) else None
    return Served(name, version, predictor, reader, batcher, settings, metrics, readers, writer, base, trained)
