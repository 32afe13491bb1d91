"""Answers computed by onnxruntime. Needs no torch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from burnish.bundle.artifacts import Artifact
from burnish.core.batch import Array
from burnish.core.errors import InputError, RunFailed
from burnish.core.fixed_size import joined
from burnish.core.windows import MEMBERSHIP
from burnish.inputs import Input
from burnish.runtimes import Generate, Runner, Runtime
from burnish.runtimes._by_length import by_length, padded
from burnish.runtimes._cached_graph import CachedGraph, GraphSteps
from burnish.runtimes._padding import without_padding
from burnish.runtimes._parallel import Parallel
from burnish.runtimes._stepping import Stepping
from burnish.runtimes._threads import threads_told
from burnish.runtimes._windows import row_by_row
from burnish.targets import Target

SLOWER = ["SkipLayerNormFusion"]
"""Graph optimisations of onnxruntime that cost time on a CPU: its SkipLayerNormalization kernel takes several times as
long as an addition and a LayerNormalization (a fifth of an int8 MiniLM's time; benchmarks/export_speed.py)."""
OVERHEAD = 16
"""What another call of the session costs, in tokens: the weights are read again. Measured with a MiniLM in float32 and int8."""
PAIRS = 2**16
"""Of tokens that attention on a CPU compares in one call: it writes down a number for each pair and head, and where these
outgrow the cache a row takes up to half as long again (16 rows of 128 tokens; a call more costs a hundredth of that)."""

EXACT = "session.x64quantprecision"
SHARED = "Attempt to replace the existing tensor"  # what onnxruntime says where weights share a zero point
SMALL = 2**25
"""Bytes of a network of texts below which waking a second thread for each operator costs more than it spares: a row in an int8
MiniLM (22 MiB) takes 1.3 ms with one thread and 1.8 with two, in float32 (87 MiB) 4.3 and 3.5. Batches use all cores either
way: their parts are computed side by side."""


class Onnx(Runtime):
    """An ONNX artifact of the bundle in onnxruntime: on CPU, CUDA, TensorRT or OpenVINO, as installed; without torch."""

    reads = "onnx"
    artifact: str | None = Field(None, description="Name of the artifact, such as onnx-int8; null: the fastest.")
    providers: list[str] = Field(
        default_factory=lambda: ["CPUExecutionProvider"],
        description="Execution providers of onnxruntime, the preferred one first.",
    )
    threads: int = Field(0, ge=0, description="Threads of one prediction; 0: OMP_NUM_THREADS, or one a core.")

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """The artifact in `folder`.

        Raises:
            InputError: onnxruntime is not installed or lacks a provider, or the file cannot be opened by it.
        """
        artifact = Artifact.read(folder)
        threads = self.threads or (1 if _small(artifact.file, artifact.facts["inputs"]) else 0)
        session = opened(artifact.file, self.providers, threads, artifact.library)
        frames = target.shape == "frames"
        if artifact.raw:
            return _one_by_one(session, frames=frames)
        shapes = {name: told["shape"] for name, told in artifact.facts["inputs"].items()}
        types = {name: np.dtype(told["type"]) for name, told in artifact.facts["inputs"].items()}
        element = target.shape == "element"

        def call(arrays: dict[str, Array]) -> Array:
            fed = {name: value.astype(types[name], copy=False) for name, value in arrays.items()}
            return _computed(session, fed)

        # On other devices a call costs more, and attention keeps no such table.
        pairs = PAIRS if "input_ids" in shapes and self.providers == ["CPUExecutionProvider"] else None
        free = all(shape[:2] == ["batch", "length"] for shape in shapes.values()) and "attention_mask" in shapes

        if MEMBERSHIP in shapes:
            return lambda **arrays: row_by_row({name: arrays[name] for name in shapes}, call)

        parallel = Parallel(self.threads if pairs else 1)  # a device computes one call after the other

        def run(**arrays: Array) -> Array:
            if frames:
                (name,) = shapes
                return by_length(arrays, name, lambda rows: call({name: rows}))
            if free:
                fed = {name: arrays[name] for name in shapes}
                return without_padding(fed, call, OVERHEAD, element=element, pairs=pairs, parallel=parallel)
            return joined(arrays, shapes, call, element=element)

        return run

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The language model in `folder`, a graph with a cache; errors as of `open`."""
        artifact = Artifact.read(folder)
        graph = CachedGraph(opened(artifact.file, self.providers, self.threads), artifact.facts["inputs"])
        return Stepping(lambda arrays: GraphSteps(graph, arrays))


def _small(file: Path, inputs: dict[str, Any]) -> bool:
    beside = file.with_name(f"{file.name}.data")  # where one file does not hold all weights
    return "input_ids" in inputs and file.stat().st_size < SMALL and not beside.exists()


def _one_by_one(session: Any, *, frames: bool) -> Runner:
    """Of a graph that reads one row as it is: strings, or a picture [1, height, width, 3]; with `frames` of different many."""

    def call(row: dict[str, Any]) -> Array:
        fed = {
            name: np.array([value], object) if isinstance(value, str) else np.ascontiguousarray(value)[None]
            for name, value in row.items()
        }
        return _computed(session, fed)

    def run(**arrays: Array) -> Array:
        rows = zip(*arrays.values(), strict=True)
        said = [call(dict(zip(arrays, row, strict=True))) for row in rows]
        return padded([logits[0] for logits in said]) if frames else np.concatenate(said)

    return run


def _computed(session: Any, fed: dict[str, Any]) -> Array:
    """The logits.

    Raises:
        RunFailed: onnxruntime cannot compute them.
    """
    try:
        logits: Array = session.run(None, fed)[0]
    except Exception as error:  # onnxruntime has a class for each status, none of them public
        raise RunFailed(f"onnxruntime cannot compute it: {_words(error)}") from error
    return logits.astype(np.float32, copy=False)


def _words(error: Exception) -> str:
    """The last line of what onnxruntime says: providers tell a story first."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return said[-1] if said else type(error).__name__


def opened(file: Path, providers: Sequence[str], threads: int, library: str = "") -> Any:
    """An onnxruntime session.

    Args:
        file: the model.
        providers: execution providers, the preferred one first.
        threads: of one answer; 0: as `Onnx.threads`.
        library: with operators that the model needs; empty: onnxruntime's own do.

    Raises:
        InputError: onnxruntime or the library is missing, or the file cannot be opened with these providers.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError("this runtime needs onnxruntime", fix="pip install burnish") from error
    available = onnxruntime.get_available_providers()
    missing = [p for p in providers if p not in available]
    if missing:
        raise InputError(
            f"onnxruntime has no {missing[0]} here",
            expected="one of " + ", ".join(available),
            fix="install the build of onnxruntime that has it, such as onnxruntime-gpu or onnxruntime-openvino",
            place="runtime.providers",
        )
    if any(p in ("CUDAExecutionProvider", "TensorrtExecutionProvider") for p in providers):
        with redirect_stdout(sys.stderr):  # it prints what it does not find, among the answers otherwise
            onnxruntime.preload_dlls()  # CUDA where pip put it; without this only a system's own is found
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or threads_told()
    if library:
        options.register_custom_ops_library(_operators(library, file))
    # Threads that spin while they wait burn the core that another process needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Processors without VNNI add two products of signed bytes in sixteen bits, where large ones do not fit; onnxruntime then
    # makes the weights unsigned, which is exact and up to a quarter slower. Others, and weights of seven bits, stay as they are.
    options.add_session_config_entry(EXACT, "1")
    try:
        session = _session(file, options, providers)
    except Exception as error:  # onnxruntime has a class for each status, none of them public
        raise InputError(
            f"onnxruntime cannot open it: {_words(error)}",
            fix="update onnxruntime, or export again with --opset 18, which more providers know",
            place=str(file),
        ) from error
    # A provider whose device or libraries are missing is left out by onnxruntime, which then computes on the CPU.
    idle = [p for p in providers if p not in session.get_providers()]
    if idle:
        raise InputError(
            f"onnxruntime cannot use {idle[0]} on this machine",
            expected="its device, driver and libraries, in the versions that this onnxruntime wants",
            fix="install what is missing, or leave it out of `providers`",
            place="runtime.providers",
        )
    return session


def _session(file: Path, options: Any, providers: Sequence[str]) -> Any:
    """The session, exact where onnxruntime can make it so.

    It cannot where weights share a zero point, as in aware-int8 of burnish 0.14: those are opened as they were then, and
    the golden examples tell whether they answer as they did.
    """
    import onnxruntime

    more = {"providers": list(providers), "disabled_optimizers": SLOWER}
    try:
        return onnxruntime.InferenceSession(file, options, **more)
    except Exception as error:  # onnxruntime has a class for each status, none of them public
        if SHARED not in str(error):
            raise
        options.add_session_config_entry(EXACT, "0")
        return onnxruntime.InferenceSession(file, options, **more)


def _operators(library: str, file: Path) -> str:
    try:
        import onnxruntime_extensions
    except ImportError as error:
        raise InputError(
            f"the artifact has its tokenizer inside, for which it needs {library}",
            fix=f"pip install {library}",
            place=str(file),
        ) from error
    return str(onnxruntime_extensions.get_library_path())
