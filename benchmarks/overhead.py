"""Where the time of a short run goes, phase by phase: `burnish train` on 600 rows, one epoch, the starter model.

    python benchmarks/overhead.py                            # sst2, five runs, some minutes on two free cores
    python benchmarks/overhead.py --rows 600 --repetitions 5 --threads 2 --json overhead.json
    python benchmarks/overhead.py --data FILE.csv --text COLUMN --label COLUMN precision=float32

Each run is a process of its own, as from the command line; what stands at the end are settings of the recipe. Medians
of wall time, and of processor time, which other programs on the machine stretch less. The first run is not counted: it
fills the cache of files and of encoded rows that the others then find, unless `--cold` gives each an empty one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PHASES = (
    "imports",
    "preparing",
    "assembling",
    "first step",
    "other steps",
    "validating, checkpoints",
    "saving, reading back, testing",
    "baselines",
    "pictures, report",
    "closing",
)
AROUND = [name for name in PHASES if name not in ("first step", "other steps")]
TO_FIRST_STEP = ["preparing", "assembling", "first step"]
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass
class Stopwatch:
    """Wall and processor seconds by phase; time goes to the phase named last."""

    wall: float
    phase: str = "imports"
    processor: float = 0.0
    found: dict[str, list[float]] = field(default_factory=lambda: {name: [0.0, 0.0] for name in PHASES})

    def begins(self, phase: str) -> None:
        """From now on, time is this phase's."""
        wall, processor = time.time(), time.process_time()
        own = self.found[self.phase]
        own[0] += wall - self.wall
        own[1] += processor - self.processor
        self.wall, self.processor, self.phase = wall, processor, phase

    def around(self, function: Callable[..., Any], phase: str, afterwards: str) -> Callable[..., Any]:
        """The function, whose time is the phase's."""

        def timed(*given: Any, **named: Any) -> Any:
            self.begins(phase)
            try:
                return function(*given, **named)
            finally:
                self.begins(afterwards)

        return timed

    def steps(self, fit: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The loop, with its first step told from the others, and both from what its consumer does."""

        def timed(*given: Any, **named: Any) -> Iterator[Any]:
            self.begins("first step")
            for step in fit(*given, **named):
                self.begins("validating, checkpoints")
                yield step
                self.begins("other steps")
            self.begins("validating, checkpoints")

        return timed


def one_run(started: float, words: list[str], result: Path) -> None:
    """In a process of its own: what `burnish train WORDS` does, with the watch held beside it."""
    watch = Stopwatch(started)
    from burnish.cli.commands import main
    from burnish.core.collecting import importing

    with importing():  # as the command does
        import burnish.stages.train.finish as finish
        import burnish.stages.train.run as train
        import burnish.stages.train.session as session

    later = "saving, reading back, testing"
    for module, name, phase, afterwards in (
        (train, "prepare", "preparing", "assembling"),
        (train, "finish", later, "closing"),
        (finish, "baselines", "baselines", later),
        (finish, "_report", "pictures, report", later),
    ):
        setattr(module, name, watch.around(getattr(module, name), phase, afterwards))
    setattr(session, "fit", watch.steps(session.fit))  # noqa: B010
    sys.argv = ["burnish", "train", *words]
    try:
        main()
    finally:
        watch.begins("closing")
        result.write_text(json.dumps(watch.found))


def measured(words: list[str], threads: int, folder: Path, number: int, cache: Path) -> dict[str, list[float]]:
    """Seconds of each phase of one run; with the end of the process, which only its parent sees, in `closing`."""
    result = folder / f"{number}.json"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "BURNISH_CACHE": str(cache)}
    started = time.time()
    command = [sys.executable, __file__, "--one-run", repr(started), str(result)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [*command, *words, "--out", str(folder / f"run-{number}")], stdout=log, stderr=log, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
    ended = time.time()
    if status:
        sys.exit((folder / "log.txt").read_text())
    found: dict[str, list[float]] = json.loads(result.read_text())
    found["closing"][0] += ended - started - sum(own[0] for own in found.values())
    found["closing"][1] += used.ru_utime + used.ru_stime - sum(own[1] for own in found.values())
    return found


def written(arguments: argparse.Namespace, path: Path) -> None:
    """The first rows of the data as one file."""
    source = Path(arguments.data)
    if not source.suffix:
        source = SHARED / arguments.data / "train.csv"
    if not source.is_file():
        sys.exit(f"skipped: {source} is not here; name a CSV file with --data FILE --text ... --label ...")
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[: arguments.rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([row[arguments.text], row[arguments.label]] for row in rows)


def table(runs: list[dict[str, list[float]]]) -> str:
    """Medians of each phase as Markdown, and of the sums that there are bounds for."""
    sums = {
        "**all**": PHASES,
        "**around the steps** (to reach: 14)": AROUND,
        "**end of imports to first step** (to reach: 6)": TO_FIRST_STEP,
    }
    lines = ["| phase | seconds | least | processor seconds | least |", "|---|---|---|---|---|"]
    for name, phases in {**{name: [name] for name in PHASES}, **sums}.items():
        both = [[sum(run[phase][i] for phase in phases) for run in runs] for i in (0, 1)]
        lines.append(f"| {name} | " + " | ".join(f"{statistics.median(b):.2f} | {min(b):.2f}" for b in both) + " |")
    return "\n".join(lines)


def whole() -> None:
    """Run, print, write."""
    if sys.argv[1:2] == ["--one-run"]:
        one_run(float(sys.argv[2]), sys.argv[4:], Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sst2", help="a folder of ../shared/data, or a CSV file")
    parser.add_argument("--text", default="text", help="column of a CSV file of your own")
    parser.add_argument("--label", default="label", help="column of a CSV file of your own")
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    parser.add_argument("--cold", action="store_true", help="an empty cache of rows for each run")
    parser.add_argument("--json", type=Path, help="file for the figures of all runs")
    parser.add_argument("settings", nargs="*", help="settings of the recipe, such as precision=float32")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(arguments, folder / "rows.csv")
        words = ["--data", str(folder / "rows.csv"), "--input", "text", "--target", "label", "--model", "starter"]
        words += ["epochs=1", *arguments.settings]
        runs = []
        for number in range(arguments.repetitions + 1):
            cache = folder / (f"cache-{number}" if arguments.cold else "cache")
            found = measured(words, arguments.threads, folder, number, cache)
            if number:
                runs.append(found)
    print(table(runs))
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    whole()
