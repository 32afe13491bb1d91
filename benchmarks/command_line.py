"""Seconds until `burnish --help` and the other commands that only print are done: medians of fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = (["--help"], ["train", "--help"], ["new"], ["list"], ["list", "losses"], ["schema"])


def main(repeats: int = 11) -> None:
    """Print a line for each command."""
    for arguments in COMMANDS:
        seconds = []
        for _ in range(repeats):
            started = time.perf_counter()
            command = [sys.executable, "-c", f"from burnish.cli.commands import run; run({arguments!r})"]
            subprocess.run(command, capture_output=True, check=True)
            seconds.append(time.perf_counter() - started)
        print(f"burnish {' '.join(arguments):24} median {statistics.median(seconds):.3f} s, best {min(seconds):.3f} s")


if __name__ == "__main__":
    main()
