"""What must not break a server: hostile requests, overload, signals under load, killed workers."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration import hostile
from tests.integration.serving import Server, serving

Trained = Callable[..., Path]
LONG = "my late parcel from abroad " * 60
GROWTH = 100 << 20  # bytes more than before: allocators keep what they were given once, and libraries fill caches


@pytest.fixture(scope="module")
def server(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("faults"), f"m@1={trained('label')}", "--max-body", 1) as found:
        yield found.wait_ready()


def assert_survives(server: Server, seeds: range, *, warm: int = 100) -> None:
    """No 500, nothing unanswered, no memory kept; afterwards it answers as before."""
    before = httpx.post(server.address + "/predict", json="my card").json()["answer"]
    for seed in range(10**6, 10**6 + warm):  # fills the allocator's pools, so that growth is seen and not warm-up
        hostile.status(server.address, hostile.request(seed))
    memory, found = server.resident(), Counter[int]()
    for seed in seeds:
        found[hostile.status(server.address, hostile.request(seed))] += 1
    assert not [s for s in found if s >= 500], found
    assert {400, 404, 413, 415, 422} <= set(found), found
    assert server.resident() - memory < GROWTH
    assert httpx.post(server.address + "/predict", json="my card").json()["answer"] == before
    assert not [line for line in server.lines() if line["level"] == "error"]


def test_hostile_requests(server: Server) -> None:
    assert_survives(server, range(400))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_requests(server: Server) -> None:
    assert_survives(server, range(1000, 11_000), warm=5000)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_requests_made_from_our_own_description(server: Server, tmp_path: Path) -> None:
    """Schemathesis: legal and illegal requests for every address; answers must be those that are described."""
    import subprocess
    import sys

    schemathesis = Path(sys.executable).with_name("schemathesis")
    if not schemathesis.exists():
        pytest.skip("schemathesis is not installed")
    command = [
        schemathesis, "run", f"{server.address}/openapi.json", "--max-examples", "60", "--seed", "1",
        "--generation-database", "none", "--request-timeout", "20",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]  # fmt: skip
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


class Load:
    """Clients in threads, each asking again as soon as it is answered, on a connection of its own for each request."""

    def __init__(self, address: str, clients: int, text: str = "my card") -> None:
        self.place, self.text = urlsplit(address), text
        self.statuses: Counter[Any] = Counter()
        self.slowest_refusal = 0.0
        self.without_advice = 0
        self._lock, self._end = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _ask(self) -> None:
        while not self._end.is_set():
            started, advice = time.monotonic(), True
            try:
                connection = http.client.HTTPConnection(self.place.hostname or "", self.place.port, timeout=30)
                connection.request("POST", "/predict", json.dumps(self.text), {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                found: Any = response.status
                advice = response.status < 429 or bool(response.headers["Retry-After"])
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                found = type(error).__name__
                time.sleep(0.01)
            with self._lock:
                self.statuses[found] += 1
                self.without_advice += not advice
                if found in (429, 503):
                    self.slowest_refusal = max(self.slowest_refusal, time.monotonic() - started)

    def wait_for(self, answers: int) -> None:
        """Until so many were answered."""
        deadline = time.monotonic() + 60
        while self.statuses[200] < answers and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.statuses[200] >= answers, self.statuses


def test_no_request_that_was_taken_is_lost_by_sigterm(trained: Trained, tmp_path: Path) -> None:
    with serving(tmp_path, trained("label"), "--max-batch", 2) as server:
        server.wait_ready()
        with Load(server.address, 12, LONG) as load:
            load.wait_for(40)
            assert server.stop() == 0
            time.sleep(0.2)
        noted = Counter(line["status"] for line in server.lines() if line["message"] == "request")
        answered = {status: count for status, count in load.statuses.items() if isinstance(status, int)}
        assert dict(noted) == answered  # every request the server has taken was answered, and its answer came
        assert set(answered) <= {200, 503}
        assert load.statuses["ConnectionRefusedError"] > 0


@pytest.mark.slow
def test_too_much_is_refused_at_once_and_passes(trained: Trained, tmp_path: Path) -> None:
    with serving(tmp_path, trained("label"), "--max-queue", 4, "--max-batch", 2) as server:
        server.wait_ready()
        with Load(server.address, 32, LONG) as load:
            load.wait_for(60)
            memory = server.resident()
            load.wait_for(160)
            assert server.resident() - memory < GROWTH
        assert set(load.statuses) == {200, 429}, load.statuses
        assert load.without_advice == 0
        assert load.slowest_refusal < 5  # on a machine that others use as well
        started = time.monotonic()
        assert httpx.post(server.address + "/predict", json="my card").status_code == 200
        assert time.monotonic() - started < 2
        assert 'burnish_refused_total{reason="queue"}' in httpx.get(server.address + "/metrics").text


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_worker_is_replaced_and_the_other_unharmed(trained: Trained, tmp_path: Path) -> None:
    def started() -> list[int]:
        words = [line["message"] for line in server.lines()]
        return [int(w.split("[")[1].rstrip("]")) for w in words if w.startswith("Started server process")]

    with serving(tmp_path, f"m@1={trained('label')}", "--workers", 2) as server:
        server.wait_ready()
        deadline = time.monotonic() + 200
        while len(started()) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        first, other = started()
        with Load(server.address, 4) as load:
            load.wait_for(20)
            os.kill(first, signal.SIGKILL)
            deadline = time.monotonic() + 200
            while len(started()) < 3 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert len(started()) == 3
            assert [line["worker"] for line in server.lines() if "died" in line["message"]] == [first]
            load.wait_for(load.statuses[200] + 20)
        lost = sum(count for status, count in load.statuses.items() if status != 200)
        assert lost <= 4, load.statuses  # only what the killed worker had in hand
        os.kill(other, 0)
        counted = httpx.get(server.address + "/metrics").text
        total = next(
            line
            for line in counted.splitlines()
            if line.startswith("burnish_requests_total") and '"200"' in line and "/predict" in line
        )
        assert float(total.split()[-1]) >= load.statuses[200]  # of both workers, and of the one that is gone
        assert server.stop() == 0


def test_a_bundle_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    for workers in (1, 2):
        with serving(tmp_path, tmp_path / "nothing", "--workers", workers) as server:
            assert server.process.wait(60) == 2
            assert "not a bundle" in server.log.read_text()


def test_an_address_in_use_is_said(server: Server, without_torch: Path) -> None:
    import subprocess
    import sys

    port = str(urlsplit(server.address).port)
    words = [sys.executable, "-m", "burnish.cli", "serve", str(without_torch), "--port", port]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert (done.returncode, "choose another --port" in done.stderr) == (2, True), done.stderr
