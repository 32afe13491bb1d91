"""The board over HTTP: loopback alone, reading alone."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from burnish.board.events import piece
from burnish.board.index import Index
from burnish.board.page import page, page_policy
from burnish.board.verdicts import MOST, comparison, standing
from burnish.core.errors import BurnishError

LOOPBACK = "127.0.0.1"
ASKED = 60
"""Runs whose curves or standings may be asked for at once."""
_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not answered, with its status and a sentence."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


def serve(root: Path, port: int) -> ThreadingHTTPServer:
    """A server of the runs below a folder, listening at the loopback address; `serve_forever` runs it."""
    index = Index(root)
    index.refresh()
    handler = type("_Bound", (_Handler,), {"index": index})
    server = ThreadingHTTPServer((LOOPBACK, port), handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    index: ClassVar[Index]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "burnish", ""
    timeout = 60

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        more: dict[str, str] = {}
        try:
            if not _HOST.fullmatch(self.headers.get("Host", "")):
                raise Refused(HTTPStatus.FORBIDDEN, "this address answers to localhost and 127.0.0.1 alone")
            asked = urlsplit(self.path)
            status, kind, data, more = HTTPStatus.OK, *self._found(asked.path, parse_qs(asked.query))
        except Refused as refused:
            status, kind, data = refused.status, "application/json", _json({"error": str(refused)})
        except BurnishError as error:
            told = {"error": error.found, "expected": error.expected, "fix": error.fix}
            status, kind, data = HTTPStatus.CONFLICT, "application/json", _json(told)
        self._send(status, kind, data, more, body=body)

    def _found(self, path: str, query: Mapping[str, list[str]]) -> tuple[str, bytes, dict[str, str]]:
        if path == "/":
            return "text/html; charset=utf-8", page(self.index), {"Content-Security-Policy": page_policy()}
        if path.startswith("/report/"):
            return self._report(unquote(path.removeprefix("/report/")))
        answers: dict[str, Callable[[Mapping[str, list[str]]], Any]] = {
            "/api/runs": self._runs,
            "/api/curves": self._curves,
            "/api/live": self._live,
            "/api/standings": self._standings,
            "/api/comparison": self._comparison,
        }
        if path not in answers:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        return "application/json", _json(answers[path](query)), {}

    def _runs(self, query: Mapping[str, list[str]]) -> Any:
        version = self.index.refresh()
        since = _number(query, "since")
        names = self.index.names() if since else None
        return {"version": version, "names": names, "runs": self.index.lines(since)}

    def _curves(self, query: Mapping[str, list[str]]) -> Any:
        return {name: self.index.curve(name) for name in self._asked(query, ASKED)}

    def _live(self, query: Mapping[str, list[str]]) -> Any:
        """New lines of events.jsonl: `run`, `start` and `file` come as often as runs are asked for."""
        names = self._asked(query, ASKED)
        starts, files = query.get("start", []), query.get("file", [])
        if len(starts) != len(names) or len(files) != len(names) or not all(map(_digits, [*starts, *files])):
            raise Refused(HTTPStatus.BAD_REQUEST, "each run needs a start and a file, whole numbers")
        told = {}
        for name, start, file in zip(names, starts, files, strict=True):
            found = piece(self.index.folder(name) / "events.jsonl", int(start), int(file) or None)
            if found is not None and (found.data or found.start != int(start)):
                lines = found.data.decode("utf-8", "replace")
                told[name] = {
                    "start": found.start,
                    "end": found.end,
                    "file": found.file,
                    "more": found.more,
                    "lines": lines,
                }
        return told

    def _standings(self, query: Mapping[str, list[str]]) -> Any:
        best, *others = self._asked(query, ASKED)
        metric = (query.get("metric") or [""])[0]
        return {one: standing(self.index.folder(best), self.index.folder(one), metric) for one in others}

    def _comparison(self, query: Mapping[str, list[str]]) -> Any:
        names = self._asked(query, MOST)
        return comparison([self.index.folder(name) for name in names], next(iter(query.get("metric") or []), None))

    def _asked(self, query: Mapping[str, list[str]], most: int) -> list[str]:
        names = query.get("run", [])
        if not 1 <= len(names) <= most:
            raise Refused(HTTPStatus.BAD_REQUEST, f"{len(names)} runs asked for; 1 to {most} can be")
        for name in names:
            self._folder(name)
        return names

    def _folder(self, name: str) -> Path:
        try:
            return self.index.folder(name)
        except KeyError:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such run here") from None

    def _report(self, name: str) -> tuple[str, bytes, dict[str, str]]:
        """The report of a run, which has a policy of its own inside and is kept apart from this page's origin."""
        path = self._folder(name) / "report.html"
        if not path.is_file():
            raise Refused(HTTPStatus.NOT_FOUND, "this run has no report.html")
        return (
            "text/html; charset=utf-8",
            path.read_bytes(),
            {"Content-Security-Policy": "sandbox allow-scripts allow-downloads allow-modals"},
        )

    def _send(self, status: HTTPStatus, kind: str, data: bytes, more: Mapping[str, str], *, body: bool) -> None:
        self.send_response(status)
        if len(data) > 2000 and "gzip" in self.headers.get("Accept-Encoding", "") and status == HTTPStatus.OK:
            data, more = gzip.compress(data, 1), {**more, "Content-Encoding": "gzip"}
        for name, value in {**_HEADERS, **more, "Content-Type": kind, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged."""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _number(query: Mapping[str, list[str]], name: str) -> int:
    text = (query.get(name) or ["0"])[0]
    if not _digits(text):
        raise Refused(HTTPStatus.BAD_REQUEST, f"{name} is no whole number")
    return int(text)
