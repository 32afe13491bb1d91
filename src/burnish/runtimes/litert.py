"""Answers computed by LiteRT. Needs no torch."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from burnish.bundle.artifacts import Artifact
from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.fixed_size import joined
from burnish.inputs import Input
from burnish.runtimes import Runner, Runtime
from burnish.runtimes._threads import threads_told
from burnish.targets import Target


class Litert(Runtime):
    """A LiteRT (TensorFlow Lite) artifact of the bundle in ai-edge-litert, without torch."""

    reads = "litert"
    artifact: str | None = Field(None, description="Name of the artifact, such as litert-float32; null: the fastest.")
    threads: int = Field(0, ge=0, description="Threads of one prediction; 0: OMP_NUM_THREADS, or one.")

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """The artifact in `folder`; each batch goes to the signature with the next greater length.

        Raises:
            InputError: ai-edge-litert is not installed, or cannot open the file.
        """
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise InputError("this runtime needs ai-edge-litert", fix="pip install 'burnish[tflite]'") from error
        artifact = Artifact.read(folder)
        try:
            interpreter = Interpreter(str(artifact.file), num_threads=self.threads or threads_told() or 1)
            runners = [(s["length"], interpreter.get_signature_runner(s["name"])) for s in artifact.facts["signatures"]]
        except (ValueError, RuntimeError) as error:
            raise InputError(f"LiteRT cannot open it: {error}", fix="export again", place=str(artifact.file)) from error
        inputs = artifact.facts["inputs"]
        element = target.shape == "element"
        lock = threading.Lock()  # an interpreter has one set of buffers

        def run(**arrays: Array) -> Array:
            length = max((v.shape[1] for v in arrays.values() if v.ndim == 2), default=0)
            fixed_length, runner = next(((n, r) for n, r in runners if n is None or n >= length), runners[-1])
            shapes = {name: _shape(told["shape"], fixed_length) for name, told in inputs.items()}

            def call(fed: dict[str, Array]) -> Array:
                values = {
                    f"args_{i}": fed[name].astype(np.dtype(inputs[name]["type"])) for i, name in enumerate(inputs)
                }
                with lock:
                    logits: Array = next(iter(runner(**values).values()))
                return np.array(logits, np.float32)

            return joined(arrays, shapes, call, element=element)

        return run


def _shape(shape: list[int], length: int | None) -> list[int | str]:
    return [shape[0], length, *shape[2:]] if length is not None and len(shape) == 2 else list(shape)
