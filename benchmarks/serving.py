"""Requests a second of servers around one and the same text classifier, as ratios to a plain FastAPI.

    python benchmarks/serving.py RUN                                 # the table; five minutes on two free cores (estimated)
    python benchmarks/serving.py RUN --rates 0.5 0.8                 # with fixed rates as well
    python benchmarks/serving.py RUN --overload                      # burnish alone, four times what it can, for 60 s
    python benchmarks/serving.py RUN --only "plain FastAPI" LitServe "burnish torch"

Needs what burnish[dev] installs. Load comes from `wrk` (Debian: wrk) where it is there, else from serving/clients.py.
RUN must have been exported: burnish export RUN --to onnx --quantize int8.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

PLAIN = "plain FastAPI"
CONTENDERS = [PLAIN, "burnish torch", "burnish onnx-float32", "burnish onnx-int8"]
WANTED = {  # times the requests of a plain FastAPI, by clients
    "burnish torch": {1: 1.0, 16: 2.0},
    "burnish onnx-int8": {1: 3.0, 16: 8.0},
}
HERE = Path(__file__).parent / "serving"
SST2 = Path(__file__).parents[1].parent / "shared" / "data" / "sst2"


def main() -> None:
    """Run what was asked for, and print tables."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BODIES"] = str(bodies(asked.data, Path(folder)))
        os.environ["RESULT"] = str(Path(folder) / "result.json")
        found = overload(asked) if asked.overload else alternating(asked)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="a text classifier with one column, called text")
    parser.add_argument("--data", type=Path, help="texts, one a line; default: sst2 of ../shared/data")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--rates", type=float, nargs="*", default=[], help="open loop, of the plain server's most")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of each server's arithmetic")
    parser.add_argument("--only", nargs="+", default=CONTENDERS, help="plain FastAPI, LitServe, burnish RUNTIME")
    parser.add_argument("--client", choices=["wrk", "python"], default="wrk" if shutil.which("wrk") else "python")
    parser.add_argument("--overload", action="store_true")
    parser.add_argument("--deadline", type=float, default=2.0, help="of burnish, with --overload")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def bodies(data: Path | None, folder: Path) -> Path:
    """Requests of mixed lengths, one a line: real sentences, and every tenth eight of them joined."""
    if data is not None:
        texts = data.read_text(encoding="utf-8").splitlines()
    else:
        file = next(iter(sorted(SST2.glob("dev.csv"))), None)
        if file is None:
            sys.exit(f"{SST2} is not here: name texts with --data")
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t" if file.suffix == ".tsv" else ",")
            texts = [row.get("sentence") or row.get("text") or "" for row in rows]
    texts = [t for t in texts if t.strip()][:2000]
    random.Random(0).shuffle(texts)
    mixed = [" ".join(texts[i : i + 8]) if i % 10 == 9 else text for i, text in enumerate(texts)]
    path = folder / "bodies.jsonl"
    path.write_text("".join(json.dumps({"text": t}) + "\n" for t in mixed), encoding="utf-8")
    return path


def command(name: str, asked: argparse.Namespace, port: int) -> list[str]:
    """How a contender is started."""
    folder = asked.bundle / "bundle" if (asked.bundle / "bundle").is_dir() else asked.bundle
    if name.startswith("burnish"):
        own = ["--runtime", name.removeprefix("burnish").strip() or "onnx"]
        own += ["--deadline", str(asked.deadline)] if asked.overload else []
        return [sys.executable, "-m", "burnish.cli", "serve", str(folder), "--port", str(port), *own]
    script = {PLAIN: "plain_fastapi.py", "LitServe": "litserve_server.py"}[name]
    return [sys.executable, str(HERE / script), str(folder / "model"), str(port)]


@contextmanager
def started(name: str, asked: argparse.Namespace) -> Iterator[tuple[str, psutil.Process]]:
    """A server that has answered, warmed up; ended afterwards with all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, "OMP_NUM_THREADS": str(asked.threads), "TOKENIZERS_PARALLELISM": "false"}
    variables.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as burnish sets it: threads that spin starve each other
    log = Path(os.environ["RESULT"]).with_name(f"{name.replace(' ', '-')}.log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            command(name, asked, port), env=variables, stdout=file, stderr=file, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process, log)
        closed(asked, address, 8, 3.0)
        yield address, psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers a row."""
    body = Path(os.environ["BODIES"]).read_text(encoding="utf-8").splitlines()[0].encode()
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30):
                return
        except urllib.error.HTTPError as error:
            sys.exit(f"the server answers {error.code}:\n{log.read_text()[-3000:]}")
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the server did not start:\n{log.read_text()[-3000:]}")


def closed(asked: argparse.Namespace, address: str, clients: int, seconds: float) -> dict[str, float]:
    """So many clients that each ask again when they are answered; milliseconds."""
    words = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "--timeout", "60s"]
    words += ["-s", str(HERE / "closed_loop.lua"), address]
    if asked.client == "python":
        words = [sys.executable, str(HERE / "clients.py"), "closed", address, str(clients), str(seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith(("RESULT", "{")))
    found: dict[str, float] = json.loads(line.removeprefix("RESULT "))
    good = found["requests"] - found["failed"] - (found["broken"] if asked.client == "python" else 0)
    return {**found, "rate": good / found["seconds"]}


def opened(address: str, rate: float, seconds: float) -> dict[str, Any]:
    """So many requests a second, whether or not the server keeps up; by status, milliseconds."""
    words = [sys.executable, str(HERE / "clients.py"), "open", address, str(rate), str(seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def processor_seconds(process: psutil.Process) -> float:
    """Of a server and all its processes."""
    return sum(sum(p.cpu_times()[:2]) for p in [process, *process.children(recursive=True)])


def alternating(asked: argparse.Namespace) -> dict[str, Any]:
    """All contenders in turn, the first of each repetition another; medians, and of ratios within a repetition."""
    for library in ("uvloop", "gunicorn"):
        if find_spec(library):
            print(
                f"{library} is installed here, which burnish does not bring: not what its users have", file=sys.stderr
            )
    measured: dict[str, dict[str, list[dict[str, float]]]] = {name: {} for name in asked.only}
    base = 0.0
    for repetition in range(asked.repetitions):
        turn = repetition % len(asked.only)
        order = asked.only[turn:] + asked.only[:turn]
        if not base:  # the open loop's rates are shares of its most
            order = sorted(order, key=lambda name: name != PLAIN)
        for name in order:
            with started(name, asked) as (address, process):
                for clients in asked.clients:
                    before = processor_seconds(process)
                    found = closed(asked, address, clients, asked.seconds)
                    found["processor"] = 1000 * (processor_seconds(process) - before) / max(1, found["requests"])
                    measured[name].setdefault(f"{clients} clients", []).append(found)
                base = base or max(rows[0]["rate"] for rows in measured[name].values())
                for share in asked.rates:
                    entry = opened(address, share * base, asked.seconds).get("200", {"p50": math.nan, "p99": math.nan})
                    rate = entry.get("requests", 0) / asked.seconds
                    label = f"open, {share * base:.0f}/s"
                    measured[name].setdefault(label, []).append({"rate": rate, **entry})
            print(f"repetition {repetition + 1}: {name} done", file=sys.stderr)
    medians = {
        name: {load: {k: statistics.median(r.get(k, 0) for r in rows) for k in rows[0]} for load, rows in loads.items()}
        for name, loads in measured.items()
    }
    for name, loads in medians.items():
        for load, row in loads.items():
            plain = measured.get(PLAIN, {}).get(load, [])
            own = zip(measured[name][load], plain, strict=False)
            if plain:
                row["rate ratio"] = statistics.median(o["rate"] / max(1e-9, p["rate"]) for o, p in own)
    table(medians)
    return {"measured": measured, "medians": medians}


def table(medians: dict[str, dict[str, dict[str, float]]]) -> None:
    """One line for each contender and load."""
    print("| load | server | answers/s | times plain | wanted | p50 ms | p99 ms | processor ms a row | failed |")
    print("|---|---|---|---|---|---|---|---|---|")
    for load in next(iter(medians.values())):
        for name, loads in medians.items():
            row = loads[load]
            clients = int(load.split()[0]) if load.endswith("clients") else 0
            wanted = WANTED.get(name, {}).get(clients)
            cells = [load, name, f"{row['rate']:.1f}", f"{row['rate ratio']:.2f}" if "rate ratio" in row else ""]
            cells += [f"{wanted:g}" if wanted else "", f"{row['p50']:.1f}", f"{row['p99']:.1f}"]
            cells.append(f"{row['processor']:.1f}" if "processor" in row else "")
            cells.append(f"{row.get('failed', 0) + row.get('broken', 0):.0f}")
            print("| " + " | ".join(cells) + " |")


def first_answer(request: urllib.request.Request) -> None:
    """Ask until there is an answer: right after an overload the first requests may still be refused."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=30):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise
            time.sleep(0.05)
    raise SystemExit("no answer 15 s after the overload")


def overload(asked: argparse.Namespace) -> dict[str, Any]:
    """Four times what burnish can, for a minute: what is answered in time, what is refused, memory, and recovery."""
    with started("burnish onnx", asked) as (address, process):
        capacity = closed(asked, address, 16, asked.seconds)["rate"]
        before = process.memory_info().rss
        found = opened(address, 4 * capacity, 60.0)
        after = process.memory_info().rss
        begun = time.monotonic()
        body = Path(os.environ["BODIES"]).read_text(encoding="utf-8").splitlines()[0].encode()
        request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
        first_answer(request)
        recovery = time.monotonic() - begun
        alive = process.is_running()
    print(f"capacity {capacity:.1f}/s, offered {4 * capacity:.1f}/s for 60 s, deadline {asked.deadline:g} s")
    print("| status | requests | p50 ms | p99 ms | longest ms |\n|---|---|---|---|---|")
    for status, row in sorted(found.items()):
        print(f"| {status} | {row['requests']} | {row['p50']:.0f} | {row['p99']:.0f} | {row['longest']:.0f} |")
    print(
        f"memory {before >> 20} MiB before, {after >> 20} MiB after; first answer {recovery:.2f} s after; alive: {alive}"
    )
    return {"capacity": capacity, "statuses": found, "before": before, "after": after, "recovery": recovery}


if __name__ == "__main__":
    main()
