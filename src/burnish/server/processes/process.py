"""Running the server: one process, or several that share an address and are replaced when they die."""

from __future__ import annotations

import os
import signal
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.server.connection import Connection, send_at_once
from burnish.server.logs import LOG, set_up
from burnish.server.processes.workers import FACTORY, supervise
from burnish.server.settings import ENVIRONMENT, Settings, keys_of, place_of

METRICS = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name, read when it is imported
LOCAL = ("127.0.0.1", "localhost", "::1")


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or Ctrl-C; what was taken by then is answered first.

    Args:
        settings: bundles and limits.
        host: address to listen at.
        port: 0 takes a free one, which the log names.
        workers: processes, each with its own copy of every model.

    Raises:
        InputError: a bundle, the keys or the address are not right.
        RunFailed: no worker could start.
    """
    # Threads of OpenMP wait awake for some microseconds: a token is hundreds of steps, and each would wake them anew. It
    # must be set before torch is loaded; the user's own setting wins.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    set_up()
    closed = bool(keys_of(settings)) or host in LOCAL
    if not closed:
        LOG.warning("anyone who reaches this address can ask: give --keys FILE, or put it behind something that checks")
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "http": Connection,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "ws": "none",
        "timeout_graceful_shutdown": int(settings.deadline) + 5,
    }
    if workers == 1:
        _one(settings, options)
    else:
        _several(settings, options, workers)


def _one(settings: Settings, options: dict[str, Any]) -> None:
    from burnish.server.app import create

    config = uvicorn.Config(create(settings), **options)
    bound = _bound(config, 1)
    # Uvicorn raises the signal again when all is answered; by then it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])


def _several(settings: Settings, options: dict[str, Any], workers: int) -> None:
    for text in settings.bundles:  # what is damaged is said once, here, and not by every worker
        Bundle.load(place_of(text).path, trust_code=settings.trust_code)
    with TemporaryDirectory(prefix="burnish-metrics-") as folder:
        os.environ[METRICS] = folder
        os.environ[ENVIRONMENT] = settings.model_copy(update={"metrics_folder": folder}).model_dump_json()
        supervise(_bound(uvicorn.Config(FACTORY, factory=True, **options), workers), options, workers)


def _bound(config: uvicorn.Config, workers: int) -> socket:
    """The socket that is listened at."""
    try:
        bound = config.bind_socket()
    except SystemExit:  # uvicorn logs the reason and exits
        raise InputError(
            f"the address {config.host}:{config.port} cannot be used",
            fix="choose another --port (0 takes a free one), or stop what listens there",
        ) from None
    send_at_once(bound)  # what is accepted has it as well on Linux; elsewhere each connection asks for it itself
    place, port = bound.getsockname()[:2]
    address = f"http://[{place}]:{port}" if ":" in place else f"http://{place}:{port}"
    LOG.info("listening", extra={"address": address, "workers": workers})
    return bound
