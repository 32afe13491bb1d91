"""Sweeps: killed and taken up again, and how much faster two local workers are than one.

    python benchmarks/sweep.py killed --out runs/sweep-trec     20 trials on TREC, SIGKILL three times, then to the end
    python benchmarks/sweep.py speed --out runs/sweep-speed     trials of one thread with 1 and 2 workers, in turn

`killed` prints what was lost or done twice (nothing, it is hoped), and what the sweep found. `speed` prints the ratio of the
medians and the load of the machine meanwhile; on a machine that others use it says little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
RECIPE = HERE / "sweep" / "trec.yaml"
FAST = ["learning_rate={sweep: [2e-5, 1e-3], log: true}", "data.share=0.05", "epochs=1"]


def command(*words: str | Path) -> list[str]:
    """`burnish ...` with this Python."""
    return [sys.executable, "-m", "burnish.cli", *map(str, words)]


def ended(out: Path) -> int:
    """How many trials have a result."""
    return len(list(out.glob("trials/*/result.json")))


def killed(out: Path, trials: int, workers: str) -> None:
    """Run a sweep, kill its process three times when a quarter more is done, and look for what was lost."""
    words = command("sweep", RECIPE, "--trials", str(trials), "--fresh", "3", "--workers", workers, "--out", out)
    draw = random.Random(0)
    for number in range(3):
        child = subprocess.Popen(words)
        wanted = (number + 1) * trials // 4
        while child.poll() is None and ended(out) < wanted:
            time.sleep(draw.uniform(0.2, 1.0))
        kept = {path: path.read_bytes() for path in out.glob("trials/*/result.json")}
        child.send_signal(signal.SIGKILL)
        child.wait()
        print(f"SIGKILL {number + 1}: {len(kept)} trials had ended; load {os.getloadavg()[0]:.1f}", flush=True)
        assert all(path.read_bytes() == data for path, data in kept.items())
    subprocess.run(words, check=True)
    counted(out, trials)


def counted(out: Path, trials: int) -> None:
    """Each trial ended once, and trained each step once."""
    result = json.loads((out / "sweep.json").read_text())
    numbers = [trial["number"] for trial in result["trials"]]
    assert numbers == list(range(trials)), numbers
    resumed = 0
    for folder in sorted((out / "trials").iterdir()):
        events = [json.loads(line) for line in (folder / "seed-0" / "events.jsonl").read_text().splitlines()]
        steps = [event["number"] for event in events if event["name"] == "step"]
        assert steps == list(range(1, len(steps) + 1)), folder
        resumed += any("resumed after step" in event.get("text", "") for event in events)
    print(f"{len(numbers)} trials, each once, none lost; each step of each once; {resumed} went on from a checkpoint")


def speed(out: Path, rounds: int, trials: int) -> None:
    """The same trials with one worker and with two, alternating."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(rounds):
        for count in (1, 2):
            place = out / f"{count}-{turn}"
            workers = f"{{kind: local, count: {count}, threads: 1}}"
            words = ["sweep", RECIPE, *FAST, "--trials", str(trials), "--fresh", "0", "--sampler", "random"]
            started = time.perf_counter()
            subprocess.run(command(*words, "--workers", workers, "--out", place), check=True, stdout=subprocess.DEVNULL)
            seconds[count].append(time.perf_counter() - started)
            print(f"{count} workers: {seconds[count][-1]:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    medians = {count: statistics.median(values) for count, values in seconds.items()}
    print(f"medians {medians[1]:.1f} s and {medians[2]:.1f} s: {medians[1] / medians[2]:.2f} times")


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["killed", "speed"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="local:2")
    given = parser.parse_args()
    os.chdir(HERE.parent)
    if given.what == "killed":
        killed(given.out.absolute(), given.trials, given.workers)
    else:
        speed(given.out.absolute(), given.rounds, given.trials)


if __name__ == "__main__":
    main()
