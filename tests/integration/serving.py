"""Servers of their own process on 127.0.0.1, and a way to ask them; none is left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.forked import Forked

PATIENCE = 120.0


@dataclass
class Server:
    """A running `burnish serve`."""

    process: Forked
    log: Path
    address: str = ""

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged; a line that is not JSON is an error. One that is just being written does not count."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.strip()]

    def wait_ready(self) -> Server:
        """Until it answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            found = [line for line in self.lines() if line["message"] == "listening"]
            if found:
                self.address = found[0]["address"]
                with suppress(httpx.TransportError):
                    if httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200:
                        return self
            time.sleep(0.05)
        raise AssertionError(f"not ready:\n{self.log.read_text()}")

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def resident(self) -> int:
        """Bytes of memory in use."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) * 1024


@contextmanager
def serving(folder: Path, *words: object, **environment: str) -> Iterator[Server]:
    """`burnish serve WORDS --port 0`, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"server-{len(list(folder.iterdir()))}.jsonl"
    log.touch()
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", **environment}
    process = Forked(["serve", *map(str, words), "--port", "0"], log, variables)
    try:
        yield Server(process, log)
    finally:
        process.end()
