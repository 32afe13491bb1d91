"""Streams that end before their end: the client goes, the server is told to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.chat_bundles import chat_bundle
from tests.integration.hostile_chats import USER
from tests.integration.serving import Server, serving

ASKED = {"model": "harbour", "messages": [USER], "stream": True, "max_tokens": 480, "seed": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("faults")
    bundle = chat_bundle(folder / "bundle")
    with serving(folder / "log", f"harbour@1={bundle}") as found:
        yield found.wait_ready()


def count(server: Server, line: str, headers: dict[str, str] | None = None) -> float:
    """One figure of /metrics; 0 where it is not there yet."""
    text = httpx.get(f"{server.address}/metrics", timeout=60, headers=headers).text
    return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(line)), 0.0)


def test_a_client_that_leaves_is_no_longer_written_for(server: Server) -> None:
    with httpx.stream("POST", f"{server.address}/v1/chat/completions", json=ASKED, timeout=60) as response:
        assert next(response.iter_lines()).startswith("data: ")
    until = time.monotonic() + 60
    while not count(server, 'burnish_ended_total{model="harbour",reason="left"') and time.monotonic() < until:
        time.sleep(0.05)
    assert count(server, 'burnish_ended_total{model="harbour",reason="left"') == 1
    while count(server, "burnish_writing_running{") and time.monotonic() < until:
        time.sleep(0.05)
    assert count(server, 'burnish_tokens_total{kind="written"') < 480
    (line,) = [one for one in server.lines() if one.get("route") == "/v1/chat/completions"]
    assert line["ended"] == "left"
    assert "ferry" not in json.dumps(line)


def test_clients_that_leave_at_any_moment(server: Server) -> None:
    """Before the first token, behind it, in the middle, asked whole or streamed: nothing goes on, others are answered."""
    place = urlsplit(server.address)
    before = count(server, 'burnish_ended_total{model="harbour"')
    for number in range(24):
        asked = {**ASKED, "stream": number % 4 != 0, "n": 1 + number % 3, "temperature": 0}
        connection = socket.create_connection((place.hostname or "", place.port or 0))
        body = json.dumps(asked).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + (body if number % 6 else body[:40]))
        if number % 2:
            connection.recv(1)
        time.sleep(0.01 * (number % 5))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", number % 2, 0))  # 1: reset, no end
        connection.close()
    answered(server)
    until = time.monotonic() + 60
    while (
        count(server, "burnish_writing_running{") or count(server, "burnish_writing_waiting{")
    ) and time.monotonic() < until:
        time.sleep(0.05)
    assert count(server, "burnish_writing_running{") == count(server, "burnish_writing_waiting{") == 0
    assert count(server, 'burnish_ended_total{model="harbour"') >= before
    assert not [line for line in server.lines() if line["level"] == "error"]


def answered(server: Server) -> str:
    """A short answer, streamed, within the time of a patient client."""
    asked = {**ASKED, "max_tokens": 8}
    with httpx.stream("POST", f"{server.address}/v1/chat/completions", json=asked, timeout=60) as response:
        lines = [line for line in response.iter_lines() if line]
    assert (response.status_code, lines[-1]) == (200, "data: [DONE]")
    return "".join(lines[:-1])


@pytest.mark.slow
def test_slow_readers_hold_nobody_up(server: Server) -> None:
    """They read nothing, through the smallest of windows; others are answered meanwhile, and the writer comes to its end."""
    place = urlsplit(server.address)
    body = json.dumps({**ASKED, "n": 16, "temperature": 0}).encode()
    readers = []
    memory = server.resident()
    for _ in range(4):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.connect((place.hostname, place.port))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        one.sendall(f"{head}\r\n\r\n".encode() + body)
        readers.append(one)
    assert answered(server)
    until = time.monotonic() + 200
    while (
        count(server, "burnish_writing_running{") or count(server, "burnish_writing_waiting{")
    ) and time.monotonic() < until:
        time.sleep(0.1)
    assert count(server, "burnish_writing_running{") == 0
    assert answered(server)
    assert server.resident() - memory < 400 << 20
    slow = readers[0].makefile("rb")
    lines = [line for line in slow if line.startswith(b"data: ")]
    assert lines[-1].strip() == b"data: [DONE]"  # late, and whole
    ended = [c["finish_reason"] for line in lines[:-1] for c in json.loads(line[6:])["choices"] if c["finish_reason"]]
    assert ended == ["length"] * 16
    for one in readers:
        one.close()


def test_a_stream_under_way_is_finished_when_the_server_stops(server: Server) -> None:
    """The last test of this file: the server is gone behind it."""
    with httpx.stream("POST", f"{server.address}/v1/chat/completions", json=ASKED, timeout=60) as response:
        lines = (line for line in response.iter_lines() if line)
        assert next(lines).startswith("data: ")
        server.process.terminate()
        rest = list(lines)
    assert rest[-1] == "data: [DONE]"
    assert json.loads(rest[-2].removeprefix("data: "))["choices"][0]["finish_reason"] in ("stop", "length")
    assert server.process.wait(60) == 0


@pytest.mark.slow
def test_what_cannot_be_finished_in_time_is_ended_in_words(tmp_path: Path) -> None:
    """SIGTERM under many streams: each is whole, or ends with the error event and without `[DONE]`; none breaks off."""
    bundle = chat_bundle(tmp_path / "bundle")
    with serving(tmp_path / "log", f"harbour@1={bundle}", "--deadline", "0.1") as server:
        server.wait_ready()
        with ThreadPoolExecutor(6) as threads:
            asked = {**ASKED, "n": 8, "temperature": 0}
            begun = threading.Barrier(7, timeout=120)

            def stream(_: int) -> list[str]:
                place = f"{server.address}/v1/chat/completions"
                with httpx.stream("POST", place, json=asked, timeout=120) as response:
                    lines = (line for line in response.iter_lines() if line)
                    found = [next(lines)]
                    begun.wait()
                    return [*found, *lines]

            streams = [threads.submit(stream, n) for n in range(6)]
            begun.wait()
            server.process.terminate()
            found = [one.result(120) for one in streams]
        assert server.process.wait(60) == 0
    errors = [json.loads(lines[-1].removeprefix("data: "))["error"] for lines in found if lines[-1] != "data: [DONE]"]
    assert errors
    assert all("the server is stopping" in error["message"] for error in errors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_worker_breaks_off_its_own_streams_alone(tmp_path: Path) -> None:
    """No client takes what came for a whole answer; the others end, and another worker comes."""

    def started() -> list[int]:
        words = [line["message"] for line in server.lines()]
        return [int(w.split("[")[1].rstrip("]")) for w in words if w.startswith("Started server process")]

    def until(workers: int) -> list[int]:
        end = time.monotonic() + 250
        while len(started()) < workers and time.monotonic() < end:
            time.sleep(0.1)
        return started()

    def stream(_: int) -> str:
        try:
            place, asked = f"{server.address}/v1/chat/completions", {**ASKED, "n": 8, "temperature": 0}
            with httpx.stream("POST", place, json=asked, timeout=120) as response:
                lines = (line for line in response.iter_lines() if line)
                next(lines)
                begun.release()
                return "whole" if list(lines)[-1] == "data: [DONE]" else "cut"
        except httpx.TransportError:
            return "broken"

    bundle, begun = chat_bundle(tmp_path / "bundle"), threading.Semaphore(0)
    with serving(tmp_path / "log", f"harbour@1={bundle}", "--workers", 2) as server:
        server.wait_ready()
        first, other = until(2)
        with ThreadPoolExecutor(8) as threads:
            streams = [threads.submit(stream, n) for n in range(8)]
            for _ in range(8):
                assert begun.acquire(timeout=60)
            os.kill(first, signal.SIGKILL)
            found = Counter(one.result(120) for one in streams)
        assert set(found) <= {"whole", "broken"}, found
        assert len(until(3)) == 3
        assert [line["worker"] for line in server.lines() if "died" in line["message"]] == [first]
        os.kill(other, 0)
        for _ in range(4):
            assert answered(server)
        assert server.stop() == 0
