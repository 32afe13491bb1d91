"""A stream of 10 GB that exists nowhere: shards are made when they are opened. Memory, and a kill.

    python benchmarks/streaming.py memory --out runs/streaming     all 10 GB once: memory while it trains
    python benchmarks/streaming.py killed --out runs/streaming     100 steps: SIGKILL twice, bit for bit the run that was not
    python benchmarks/streaming.py read --out unused               the windows alone, without a network; SHARDS=64: 2 GB of them

Training rows are texts of 400 kB, 80 to a shard, 320 shards; in `killed` there are 40 shards. The network is a BERT of one narrow
block with random weights: what is measured is the stream.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

SHARDS, ROWS, SIZE, DIGITS = int(os.environ.get("SHARDS", "320")), 80, 400_000, 7
WORDS = (
    "parcel",
    "card",
    "order",
    "film",
    "fox",
    "dog",
    "cat",
    "money",
    "refund",
    "bank",
    "good",
    "bad",
    "late",
    "lost",
)
ABOUT = {"animal": WORDS[4:7], "money": (*WORDS[1:3], *WORDS[7:10]), "thing": (WORDS[0], WORDS[3], *WORDS[10:])}
HERE = Path(__file__).parent


def row(number: int, size: int = SIZE) -> dict[str, str]:
    """A text of 400 kB whose first words say its label: its number, and what the row of that place in a shard says."""
    draw = random.Random(number % ROWS)
    first = [draw.choice(WORDS) for _ in range(12)]
    label = max(ABOUT, key=lambda name: sum(word in ABOUT[name] for word in first))
    begin = draw.randrange(1000)
    return {"text": f"{number:0{DIGITS}} {' '.join(first)} . {_filling()[begin : begin + size]}", "label": label}


@lru_cache(1)
def _filling() -> str:
    draw = random.Random(0)
    return " ".join(draw.choice(WORDS) for _ in range(100_000))


@lru_cache(1)
def _template() -> tuple[bytes, list[int]]:
    """The first shard, and where in it the numbers of its rows stand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [row(number) for number in range(ROWS)]
    written = io.BytesIO()
    options = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    pq.write_table(pa.Table.from_pylist(rows), written, **options)
    data = written.getvalue()
    return data, [data.index(one["text"][:40].encode()) for one in rows]


@lru_cache(2)
def shard(number: int) -> bytes:
    """A Parquet file in memory: the template with the numbers of other rows."""
    template, places = _template()
    data = bytearray(template)
    for inside, place in enumerate(places):
        data[place : place + DIGITS] = f"{number * ROWS + inside:0{DIGITS}}".encode()
    return bytes(data)


def registered() -> None:
    """Make `made://` known to fsspec."""
    import fsspec
    from fsspec.spec import AbstractFileSystem

    class Made(AbstractFileSystem):  # type: ignore[misc]
        protocol = "made"

        def glob(self, path: str, **_: Any) -> list[str]:
            return [f"shard-{number:04}.parquet" for number in range(SHARDS)]

        def isdir(self, path: str) -> bool:
            return False

        def size(self, path: str) -> int:
            return SIZE * ROWS  # about: the number is told from other shards by it

        def _open(self, path: str, mode: str = "rb", **_: Any) -> io.BytesIO:
            return io.BytesIO(shard(int(path[6:10])))

        def open(self, path: str, mode: str = "rb", **options: Any) -> io.BytesIO:
            return self._open(path, mode)

    fsspec.register_implementation("made", Made, clobber=True)


def prepared(out: Path) -> Path:
    """Checkpoint, validation and test rows, recipe."""
    sys.path.insert(0, str(HERE.parent))
    from tests.checkpoints import tiny_checkpoint

    out.mkdir(parents=True, exist_ok=True)
    if not (out / "checkpoint").exists():
        tiny_checkpoint(out / "checkpoint", texts=[" ".join(WORDS)], dropout=0.1, layers=1)
    for name, first in (("validation", SHARDS * ROWS), ("test", SHARDS * ROWS + 60)):
        rows = [json.dumps(row(first + i, 1000)) for i in range(60)]
        (out / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    recipe = f"""
data:
  train: made://shard-*.parquet
  validation: {out / "validation.jsonl"}
  test: {out / "test.jsonl"}
  stream: {{window: 128, sample: 16}}
input: {{kind: text, columns: [text], max_length: 32}}
target: {{kind: label, column: label}}
model: {out / "checkpoint"}
precision: float32
learning_rate: 1e-3
baselines: false
epochs: 1
validation_epochs: 0.25
checkpoint_steps: 20
"""
    path = out / "recipe.yaml"
    path.write_text(recipe)
    return path


def started(*words: str | Path) -> subprocess.Popen[bytes]:
    """`burnish train ...` in a process that knows `made://`."""
    return subprocess.Popen([sys.executable, __file__, "train", *map(str, words)])


def memory(out: Path) -> None:
    """Train on all of it, and look at the resident memory meanwhile."""
    child = started(prepared(out), "--out", out / "memory")
    seen: list[tuple[int, int]] = []
    begun = time.perf_counter()
    while child.poll() is None:
        time.sleep(2.0)
        events = out / "memory" / "events.jsonl"
        step = last_step(events) if events.is_file() else 0
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
        except FileNotFoundError:
            break
        resident = next((line for line in status.splitlines() if line.startswith("VmRSS")), "")
        if resident and step:
            seen.append((step, int(resident.split()[1]) // 1024))
    assert child.wait() == 0
    total = max(step for step, _ in seen)
    for share in (0.1, 0.25, 0.5, 0.75, 1.0):
        print(
            f"up to {share:.0%} of the steps: at most {max(mib for step, mib in seen if step <= share * total):,} MiB"
        )
    gigabytes = SHARDS * ROWS * SIZE / 1e9
    print(f"{gigabytes:.1f} GB, {total:,} steps, {time.perf_counter() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")


def last_step(events: Path) -> int:
    """The number of the last step in an events file."""
    lines = events.read_bytes().splitlines()[-40:]
    return max((e["number"] for e in map(_parsed, lines) if e.get("name") == "step"), default=0)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}


def killed(out: Path) -> None:
    """The same 100 steps, killed twice and not at all."""
    os.environ["SHARDS"] = "40"  # as many as 100 steps read
    recipe = prepared(out)
    assert started(recipe, "max_steps=100", "--out", out / "through").wait() == 0
    child = started(recipe, "max_steps=100", "--out", out / "killed")
    for wanted in (33, 66):
        events = out / "killed" / "events.jsonl"
        while child.poll() is None and (not events.is_file() or last_step(events) < wanted):
            time.sleep(0.05)
        assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        print(f"SIGKILL after step {last_step(events)}", flush=True)
        child = started("--resume", "--out", out / "killed")
    assert child.wait() == 0
    weights = [hash_of(out / name / "bundle" / "model" / "model.safetensors") for name in ("through", "killed")]
    steps = [steps_of(out / name / "events.jsonl") for name in ("through", "killed")]
    print(
        f"weights equal: {weights[0] == weights[1]}; losses of all {len(steps[0])} steps equal: {steps[0] == steps[1]}"
    )


def read(out: Path) -> None:
    """Read all windows of an epoch in their order, count rows, and look at the resident memory meanwhile."""
    from burnish.data.settings import Data
    from burnish.data.streaming.plan import StreamPlan
    from burnish.data.streaming.shards import opened

    registered()
    shards = opened(Data(train="made://shard-*.parquet", validation="v", test="t", stream=True))
    plan = StreamPlan(shards.sizes, 128, seed=0)
    rows, begun = set[int](), time.process_time()
    for window in range(plan.windows):
        table = shards.table(plan.slices(0, window), ["text", "label"])
        rows.update(int(text[:DIGITS]) for text in table.values("text"))
        if window % max(1, plan.windows // 10) == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
            print(
                f"{(window + 1) / plan.windows:.0%}: {resident:,} MiB, {time.process_time() - begun:.0f} s", flush=True
            )
    assert rows == set(range(SHARDS * ROWS))
    print(
        f"{SHARDS * ROWS * SIZE / 1e9:.1f} GB, {len(rows):,} rows, each once, {time.process_time() - begun:.0f} s of one core"
    )


def hash_of(path: Path) -> str:
    """sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def steps_of(path: Path) -> list[tuple[int, float]]:
    """Number and loss of each step."""
    events = map(_parsed, path.read_bytes().splitlines())
    return [(event["number"], event["loss"]) for event in events if event.get("name") == "step"]


def main() -> None:
    """See above."""
    if sys.argv[1:2] == ["train"]:
        registered()
        from burnish.cli.commands import run

        sys.exit(run(sys.argv[1:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "killed", "read"])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    {"memory": memory, "killed": killed, "read": read}[given.what](given.out.absolute())


if __name__ == "__main__":
    main()
