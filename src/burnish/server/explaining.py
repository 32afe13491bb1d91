"""/explain beside each /predict: what each part of one row did for its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response

from burnish.answering.explaining import FEWEST, Explanation, begun, cut, explanation
from burnish.answering.predictor import PreparedRow
from burnish.core.answer import Answer
from burnish.core.errors import InputError
from burnish.inputs import Piece
from burnish.server.leaving import unless_gone
from burnish.server.limits import Bodies
from burnish.server.refusal import Refused, late
from burnish.server.routes import Handler, add_asking, json_response
from burnish.server.rows import RowError
from burnish.server.schema import answer_body, explaining
from burnish.server.served import Served, said

SHARE = 4  # of a batch one explanation has waiting at a time: a quarter, so that rows of others find room beside it
VIEWS = 8  # times `max_parts`: most views that one explanation computes


def add(app: FastAPI, models: list[Served], bodies: Bodies) -> None:
    """/explain for the first model, and two addresses for every other, as for /predict."""
    add_asking(app, models, "explain", lambda served: _explaining(served, bodies), explaining, "Ask {} why")


def _explaining(served: Served, bodies: Bodies) -> Handler:
    async def explain(request: Request) -> Response:
        request.state.model, request.state.version = served.name, served.version
        async with bodies.of(request) as body:
            if served.unexplained:
                raise Refused(422, served.unexplained)
            asked = await served.reader.read(request, body)
            if asked.many:
                raise Refused(422, "one example is explained at a time: send one, not a list")
            request.state.rows = 1
            row = asked.rows[0]
            if isinstance(row, RowError):
                raise _refused(row.problem)
            async with unless_gone(request):
                explanation = await explained(served, row, bodies)
        shown = {**answer_body(explanation.answer), "parts": explanation.parts, "effects": explanation.effects}
        if served.settings.log_payloads:
            request.state.payload = {"rows": [row], "answers": [shown]}
        return json_response({"model": served.name, "version": served.version, **shown})

    return explain


async def explained(served: Served, row: dict[str, Any], bodies: Bodies) -> Explanation:
    """An explanation, computed by the model's own batcher beside the rows of others.

    Its parts are admitted together, as rows of one request would be, so that it is refused at once where the queue is full
    or it would come too late. They are prepared and put into the queue a part of a batch at a time: whoever asks in
    between waits for that, never for all of it, and few changed rows are in memory. Answers to changed rows are nobody's
    answers: they are not counted among those that are watched for drift.

    Raises:
        Refused: as of an answer; or the row decoded is larger than what may be held (413), or more is held already (503).
        Unanswered: the model failed.
    """
    seconds = served.settings.deadline
    deadline = time.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds):
            with served.batcher.admitted(1, seconds):
                (whole,) = await _read(served, deadline, _begun, row)
                (answer,) = await _answers(served, [whole.prepared], deadline)
            with bodies.holding(whole.size), served.batcher.admitted(len(whole.pieces), deadline - time.monotonic()):
                without: list[Answer] = []
                turn = max(1, served.settings.max_batch // SHARE // len(whole.prepared.views))
                for start in range(0, len(whole.pieces), turn):
                    prepared = await _read(served, deadline, _prepared, *whole.pieces[start : start + turn])
                    without += await _answers(served, prepared, deadline)
    except TimeoutError:
        raise late(seconds) from None
    try:
        return explanation(served.predictor.bundle.target, answer, whole.pieces, without)
    except InputError as error:
        raise _refused(str(said(served, error))) from None


@dataclass(frozen=True)
class _Whole:
    """A row that is explained: as numbers, its parts, and the bytes of memory that what was read of it takes."""

    prepared: PreparedRow
    pieces: list[Piece]
    size: int


def _begun(served: Served, row: dict[str, Any]) -> _Whole:
    served.check(row)
    example, size = begun(served.predictor.bundle, row)
    (prepared,) = served.predictor.prepare([example])
    views, most = len(prepared.views), served.settings.max_parts
    parts = min(most, VIEWS * most // views)
    if parts < FEWEST:
        thing = served.reader.input.thing
        raise InputError(f"a {thing} of {views} views takes too long to be explained", expected=f"a shorter {thing}")
    return _Whole(prepared, cut(served.predictor.bundle, example, parts), size)


def _prepared(served: Served, piece: Piece) -> PreparedRow:
    return served.predictor.prepare([piece.without()])[0]  # one changed picture at a time


async def _read(served: Served, deadline: float, work: Callable[[Served, Any], Any], *given: Any) -> list[Any]:
    """What `work` gives for each, in the threads in which rows are read; what it raises is told as of any row."""
    results = await served.readers.each(partial(work, served), given, deadline)
    for result in results:
        if isinstance(result, BaseException):
            raise _refused(str(said(served, result))) from result
    return results


def _refused(message: str) -> Refused:
    return Refused(422, message, details=[{"row": 0, "error": message}])


async def _answers(served: Served, prepared: Sequence[PreparedRow], deadline: float) -> list[Answer]:
    answers = []
    for result in await served.batcher.answers(prepared, deadline):
        answer = said(served, result)
        if isinstance(answer, str):
            raise _refused(answer)
        answers.append(answer)
    return answers
