"""How much memory an export needs, in a process of its own: opened, and prompts or recordings answered."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array
from burnish.core.component import build, component_class
from burnish.core.errors import RunFailed
from burnish.core.generated import Ends
from burnish.core.resident import resident
from burnish.decoders import Decoder
from burnish.evaluation.speed import TOKENS
from burnish.inputs import Input
from burnish.runtimes import Runtime
from burnish.targets import Target

_SHOWN = 300  # characters of what a process that failed said


def peak_memory(
    runtime: str, folder: Path, bundle: Bundle, arrays: Mapping[str, Array], *, writes: bool = True
) -> int | None:
    """Most bytes that a new process holds resident while it opens a model and answers, libraries included.

    Args:
        runtime: kind of what computes it.
        folder: of the model or artifact.
        bundle: whose it is.
        arrays: prompts, recordings or rows, as the model reads them.
        writes: whether it writes its answers; else it gives them in one pass.

    Returns:
        Bytes; None where the system does not tell them (only Linux does).

    Raises:
        RunFailed: the process failed.
    """
    if resident() is None:
        return None
    asked = {
        "runtime": runtime,
        "folder": str(folder.resolve()),
        "writes": writes,
        "parts": {name: bundle.settings[name] for name in ("model", "input", "target")},
        "arrays": base64.b64encode(_packed(arrays)).decode(),
    }
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-m", "burnish.stages.export.memory"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2][:_SHOWN]
        raise RunFailed(f"the process whose memory is measured ended with code {done.returncode}: {last}")
    return int(done.stdout.split()[-1])


def _packed(arrays: Mapping[str, Array]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]
    return file.getvalue()


def _measured(asked: Mapping[str, Any]) -> int:
    """Open the model, write, and look."""
    model, parts = asked["parts"]["model"], asked["parts"]
    # Whoever asks has opened the bundle, and decided there whose code is imported.
    input_ = cast(Input, build("burnish.inputs", parts["input"], trust_code=True))
    target = cast(Target, build("burnish.targets", parts["target"], trust_code=True))
    if ":" in model["kind"]:  # imported here, as the runtime takes only what has been
        component_class("burnish.models", model["kind"], trust_code=True)
    runtime = cast(Runtime, build("burnish.runtimes", asked["runtime"]))
    with np.load(io.BytesIO(base64.b64decode(asked["arrays"])), allow_pickle=False) as loaded:
        arrays = dict(loaded)
    if asked["writes"]:
        compute = runtime.generates(Path(asked["folder"]), model, input_, target)
        decoder = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": TOKENS}))
        compute(arrays, decoder, Ends())
    else:
        runtime.open(Path(asked["folder"]), model, input_, target)(**arrays)
    return cast(int, resident())


if __name__ == "__main__":
    sys.stdout.write(f"{_measured(json.load(sys.stdin))}\n")
