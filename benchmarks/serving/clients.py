"""Clients in one process, of the standard library: `clients.py closed ADDRESS CLIENTS SECONDS`, or `open ADDRESS RATE SECONDS`.

Bodies come from $BODIES in turn; what was found is one line of JSON. Closed: each client asks again when it is answered, on
a connection that it keeps. Open: so many requests a second whether or not the server keeps up, each on a free connection.
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from urllib.parse import urlsplit

PATIENCE = 60.0
MOST = 2000  # connections at once


class Connection:
    """One that is kept, opened when it is first used or was closed."""

    def __init__(self, address: str) -> None:
        self.place, self.writer = urlsplit(address), None

    async def ask(self, body: bytes) -> int:
        """The status of a request."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.place.hostname, self.place.port)
        head = f"POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        await self.reader.readexactly(int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        if b"connection: close" in answer:
            self.close()
        return int(answer.split(None, 2)[1])

    def close(self) -> None:
        """Begin anew next time."""
        if self.writer is not None:
            self.writer.close()
        self.writer = None


class Found:
    """Milliseconds of requests, by status; 0 is a connection that broke."""

    def __init__(self) -> None:
        self.times: dict[int, list[float]] = defaultdict(list)

    async def note(self, connection: Connection, body: bytes) -> None:
        """Ask, and remember how long it took."""
        started = time.perf_counter()
        try:
            status = await asyncio.wait_for(connection.ask(body), PATIENCE)
        except (OSError, EOFError, TimeoutError, ValueError):
            connection.close()
            status = 0
        self.times[status].append(1000 * (time.perf_counter() - started))

    def row(self, times: list[float]) -> dict[str, float]:
        """Their number and percentiles."""
        cuts = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
        return {"requests": len(times), "p50": cuts[49], "p99": cuts[98], "longest": max(times)}


async def closed(address: str, clients: int, seconds: float, bodies: "itertools.cycle[bytes]") -> dict[str, float]:
    """As wrk counts: all requests, and those that failed."""
    found, started = Found(), time.perf_counter()

    async def client() -> None:
        connection = Connection(address)
        while time.perf_counter() - started < seconds:
            await found.note(connection, next(bodies))

    await asyncio.gather(*(client() for _ in range(clients)))
    spent = time.perf_counter() - started
    every = [t for times in found.times.values() for t in times]
    failed = sum(len(times) for status, times in found.times.items() if status and status != 200)
    return {**found.row(every), "seconds": spent, "failed": failed, "broken": len(found.times.get(0, []))}


async def opened(address: str, rate: float, seconds: float, bodies: "itertools.cycle[bytes]") -> dict[str, object]:
    """By status."""
    found, free, tasks = Found(), [], set()

    async def one(body: bytes) -> None:
        connection = free.pop() if free else Connection(address)
        await found.note(connection, body)
        free.append(connection)

    started = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        while len(tasks) >= MOST:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(one(next(bodies)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    return {str(status): found.row(times) for status, times in found.times.items()}


def main() -> None:
    """Ask as the command line says."""
    kind, address, number, seconds = sys.argv[1:]
    with open(os.environ["BODIES"], "rb") as file:
        bodies = itertools.cycle([line.strip() for line in file])
    work = {"closed": closed, "open": opened}[kind]
    print(
        json.dumps(asyncio.run(work(address, float(number) if kind == "open" else int(number), float(seconds), bodies)))
    )


if __name__ == "__main__":
    main()
