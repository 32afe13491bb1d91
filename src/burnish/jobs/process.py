"""A process that does one job: `python -m burnish.jobs.process FOLDER THREADS`. It ends when its standard input does."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from burnish.core.collecting import process_is_ours
from burnish.jobs.job import perform


def main() -> int:
    """Do it; the exit code is that of `perform`."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    import torch

    process_is_ours()
    torch.set_num_threads(int(sys.argv[2]))
    return perform(Path(sys.argv[1]))


def _end_with_input() -> None:
    """Whoever started this process holds the other end; when that process is gone, so are we."""
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
