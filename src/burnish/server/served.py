"""A model that is served: its predictor, its queue, and what is told about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from burnish.core.answer import Answer
from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, sha256
from burnish.explaining import unexplained
from burnish.predictor import Predictor, Prepared, load
from burnish.server.batcher import Batcher
from burnish.server.limits import check_file
from burnish.server.logs import LOG
from burnish.server.metrics import Metrics
from burnish.server.refusal import Refused, late
from burnish.server.rows import Reader
from burnish.server.settings import Settings, name_of, place_of
from burnish.stages.answering import finite


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
        pool: threads in which rows are read and encoded.
    """

    name: str
    version: str
    predictor: Predictor
    reader: Reader
    batcher: Batcher
    settings: Settings
    metrics: Metrics
    pool: ThreadPoolExecutor

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
        if self.reader.input.endings:
            check_file(row[self.reader.input.required_columns[0]], self.reader.input.thing, self.settings)

    async def answers(self, rows: Sequence[dict[str, Any]]) -> list[Answer | str]:
        """An answer, or why there is none, for each row.

        Raises:
            Refused: too much is waiting (429), the deadline has passed (503), or no row can be answered (422).
        """
        deadline = time.monotonic() + self.settings.deadline
        with self.batcher.admitted(len(rows), self.settings.deadline):
            try:
                async with asyncio.timeout(self.settings.deadline):
                    prepared = await asyncio.get_running_loop().run_in_executor(self.pool, self._prepared, rows)
                found: list[Answer | Exception] = []
                if good := [p for p in prepared if isinstance(p, Prepared)]:
                    found = await self.batcher.answers(good, deadline)
            except TimeoutError:
                raise late(self.settings.deadline) from None
        computed = iter(found)
        results = [next(computed) if isinstance(p, Prepared) else p for p in prepared]
        told = [said(self, r) for r in results]
        if told and all(isinstance(s, str) for s in told):
            raise Refused(422, str(told[0]), details=[{"row": i, "error": s} for i, s in enumerate(told[:20])])
        self.metrics.answered(self.name, self.version, [s for s in told if isinstance(s, Answer)])
        return told

    def _prepared(self, rows: Sequence[dict[str, Any]]) -> list[Prepared | Exception]:
        """Rows as numbers; where one cannot be read, it alone has an error."""
        try:
            for row in rows:
                self.check(row)
            return list(self.predictor.prepare(rows))
        except Exception as error:
            return [error] if len(rows) == 1 else [self._prepared([r])[0] for r in rows]


class Unanswered(Exception):
    """The model itself failed on a row that was read without fault: an error of ours, not of the request."""


def said(served: Served, result: Answer | Exception) -> Answer | str:
    """An answer, or what is told of the error of a row.

    Raises:
        Unanswered: the row was read without fault.
    """
    if isinstance(result, Answer):
        if finite(result):
            return result
        return "the model's answer is not a finite number"
    if isinstance(result, InputError):
        # Of a file's own place nothing is told: it is a path of this machine, or an address in memory.
        return f"{result.found}; expected {result.expected}" if result.expected else result.found
    LOG.error("a row failed", extra={"model": served.name, "failure": f"{type(result).__name__}: {result}"})
    raise Unanswered from result


def opened(settings: Settings, metrics: Metrics, pool: ThreadPoolExecutor) -> list[Served]:
    """Load all bundles, hashes and golden examples checked.

    Raises:
        InputError: a bundle is damaged, answers otherwise than it did, or two have the same name and version.
    """
    models: list[Served] = []
    for text in settings.bundles:
        place = place_of(text)
        predictor = load(
            place.path, runtime=settings.runtime, batch_size=settings.max_batch, trust_code=settings.trust_code
        )
        bundle = predictor.bundle
        name, version = place.name or name_of(bundle.path), place.version or sha256(bundle.path / MANIFEST)[:12]
        if any((m.name, m.version) == (name, version) for m in models):
            raise InputError(
                f"two bundles are called {name!r} in version {version!r}",
                fix="name them: NAME@VERSION=PATH",
                place=text,
            )
        metrics.expect(name, version, bundle.target.names, bundle.settings.get("answers"))
        batcher = Batcher(
            predictor.answer,
            settings.max_batch,
            settings.max_wait,
            settings.max_queue,
            metrics.batches(name, version),
        )
        models.append(
            Served(name, version, predictor, Reader(bundle.input, settings), batcher, settings, metrics, pool)
        )
    return models
