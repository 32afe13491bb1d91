"""Streams that end before their end: the client goes, the server is told to stop."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

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
