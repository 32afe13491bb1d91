"""A run of several processes, started on workers: what each of them does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from burnish.core.errors import BurnishError
from burnish.stages.train.asked import asked
from burnish.stages.train.run import run
from burnish.stages.train.run_folder import RunFolder
from burnish.workers import Workers

CALL = "burnish.stages.train.together:take_part"


def train_together(workers: Workers, request: dict[str, Any]) -> int:
    """Run `burnish train` in all workers.

    Args:
        workers: where.
        request: arguments of `asked`, with `out`.

    Returns:
        The exit code.

    Raises:
        InputError: the run folder holds a run that is not resumed, or none that could be.
    """
    RunFolder(Path(request["out"])).open(resume=request["resume"], main=True)
    out = str(Path(request["out"]).absolute())
    return workers.together(CALL, {**request, "out": out, "command": ["burnish", *sys.argv[1:]]})


def take_part(arguments: list[str], out: str, resume: bool, command: list[str], **options: Any) -> int:
    """One process of a run. Called again after one of them died, it goes on from the last checkpoint.

    Returns:
        The exit code; errors of burnish are told by the first process.

    Raises:
        Exception: anything else, such as the loss of another process.
    """
    from burnish.data.reading.arrow import without_pandas

    without_pandas()
    place = RunFolder(Path(out))
    try:
        if not resume and place.recipe.is_file():
            arguments, options, resume = [], {}, True
        request = asked(arguments, out=Path(out), resume=resume, **options)
        run(request.recipe, out=request.out, resume=resume, command=command, changes=request.changes)
    except BurnishError as error:
        if os.environ.get("RANK", "0") == "0":
            print(error, file=sys.stderr, flush=True)
        return error.exit_code
    return 0
