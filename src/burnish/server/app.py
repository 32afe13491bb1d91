"""The application: routes over the models that are served."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from burnish.core.answer import Answer
from burnish.core.errors import BurnishError
from burnish.server import explaining, page, protocol_models, tunes
from burnish.server.chat import routes as chat
from burnish.server.direct import direct, response_to
from burnish.server.guard import Guard
from burnish.server.leaving import unless_gone
from burnish.server.limits import Bodies
from burnish.server.logs import LOG, set_up
from burnish.server.metrics import Metrics
from burnish.server.nowhere import not_here
from burnish.server.open_inference import routes as open_inference
from burnish.server.processes.stuck import leave_when_stuck, stuck, waiting
from burnish.server.refusal import Refused
from burnish.server.routes import Handler, add_asking, addresses, json_response
from burnish.server.schema import answer_body, description, errors, prediction
from burnish.server.served import Served, Unanswered, opened
from burnish.server.settings import CANNOT_START, ENVIRONMENT, Settings, keys_of
from burnish.server.speech import routes as speech


def from_environment() -> FastAPI:
    """The application of a worker process, whose settings are in its environment."""
    set_up()
    try:
        app = create(Settings.model_validate_json(os.environ[ENVIRONMENT]))
        leave_when_stuck(app.state.models)
        return app
    except BurnishError as error:
        LOG.error("cannot start", extra={"failure": str(error)})
        sys.exit(CANNOT_START)


def create(settings: Settings) -> FastAPI:
    """Load the bundles and build the application; `app.state.stopping` is set when it is to take no more requests.

    Raises:
        InputError: a bundle, a name or the keys are not right.
    """
    keys = keys_of(settings)
    metrics = Metrics(settings.metrics_folder)
    models = opened(settings, metrics)
    stopping = threading.Event()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        _announce(stopping)
        LOG.info("ready", extra={"models": [m.path for m in models], "keys": bool(keys)})
        yield
        for served in models:
            served.readers.close()
            served.batcher.close()
            if served.writer is not None:
                served.writer.close()

    app = FastAPI(
        title="burnish",
        version=version("burnish"),
        description="Predictions of trained models. Every address and error is described here.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=life,
    )
    app.state.stopping, app.state.models = stopping, models
    bodies = Bodies(settings)
    _probes(app, models, metrics, stopping)
    _predictions(app, models, bodies)
    if settings.explanations:
        explaining.add(app, models, bodies)
    open_inference.add(app, models, bodies, stopping)
    chat.add(app, models, bodies, stopping)
    speech.add(app, models, bodies, stopping)
    protocol_models.add(app, models)
    tunes.add(app, models, bodies)
    page.add(app, page.page_of(models[0]))
    _errors(app, models)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    # An answer to a page of another origin gets its headers from the layer that was just added.
    quick = {} if settings.cors else direct(addresses(models, "predict"), lambda served: _asking(served, bodies))
    app.add_middleware(Guard, metrics=metrics, keys=keys, stopping=stopping, direct=quick)  # last added: outermost
    return app


def _announce(stopping: threading.Event) -> None:
    """Refuse new requests from the first SIGTERM or Ctrl-C on; the server's own handler then lets the others finish."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(signum: int, frame: Any, before: Any = before) -> None:
            stopping.set()
            if callable(before):
                before(signum, frame)

        signal.signal(number, handle)


def _probes(app: FastAPI, models: list[Served], metrics: Metrics, stopping: threading.Event) -> None:
    @app.get("/healthz", tags=["probes"], summary="Whether the process works", responses=errors("503"))
    async def healthz() -> Response:
        hung = stuck(models)
        lost = {served.path: served.readers.lost for served in models if served.readers.lost}
        body = {"status": "stuck" if hung else "ok", "stuck": hung, "lost_readers": lost}
        return json_response(body, 503 if hung else 200)

    @app.get("/readyz", tags=["probes"], summary="Whether requests are taken", responses=errors("503"))
    async def readyz() -> Response:
        hung = waiting(models)
        status = "stopping" if stopping.is_set() else "stuck" if hung else "ready"
        return json_response({"status": status, "stuck": hung}, 200 if status == "ready" else 503)

    @app.get(
        "/metrics",
        tags=["probes"],
        summary="Counts, for Prometheus",
        response_class=Response,
        responses={"200": {"content": {"text/plain": {}}}, **errors("401")},
    )
    async def counts() -> Response:
        for served in models:
            metrics.queue.labels(served.name, served.version).set(served.batcher.taken)
            metrics.lost.labels(served.name, served.version).set(served.readers.lost)
            if served.writer is not None:
                metrics.writing.running(served.name, served.version, served.writer.waiting, served.writer.running)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    shown = [description(served) for served in models]

    @app.get("/models", tags=["models"], summary="What is served", responses=errors("401"))
    async def listed() -> Response:
        return json_response({"models": shown})


def _predictions(app: FastAPI, models: list[Served], bodies: Bodies) -> None:
    add_asking(app, models, "predict", lambda served: _asking(served, bodies), prediction, "Ask {}")


def _asking(served: Served, bodies: Bodies) -> Handler:
    async def ask(request: Request) -> Response:
        request.state.model, request.state.version = served.name, served.version
        async with bodies.of(request) as body:
            asked = await served.reader.read(request, body)
            request.state.rows = len(asked.rows)
            async with unless_gone(request):
                said = await served.answers(asked.rows)
        request.state.errors = sum(isinstance(s, str) for s in said)
        answers = [answer_body(s) if isinstance(s, Answer) else {"error": s} for s in said]
        if served.settings.log_payloads:
            request.state.payload = {"rows": asked.shown(), "answers": answers}
        model = {"model": served.name, "version": served.version}
        return json_response({**model, "answers": answers} if asked.many else {**model, **answers[0]})

    return ask


def _errors(app: FastAPI, models: list[Served]) -> None:
    @app.exception_handler(Refused)
    @app.exception_handler(Unanswered)
    async def refused(request: Request, error: Refused | Unanswered) -> Response:
        return response_to(error, request)

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        response = not_here(request, error, models).response(request.state.request_id, request.url.path)
        response.headers.update(error.headers or {})
        return response
