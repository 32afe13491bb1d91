"""ONNX, through torch.export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from burnish.core.errors import InputError, RunFailed
from burnish.core.windows import MEMBERSHIP
from burnish.exporters import Exportable, Exporter, Tell, beside_weights, fixed_length, one_window
from burnish.exporters.onnx.rotary import whole_caches
from burnish.exporters.onnx.tracing import traced
from burnish.targets import Generative, Target

if TYPE_CHECKING:
    import torch

LARGEST = 1_800_000_000  # bytes of weights inside one protobuf file, which ends at 2 GiB
FIRST = "network.first"  # where `preceded` puts the preprocessing, as torch.export names it
MASK = "attention_mask"
FILE, WEIGHTS = "model.onnx", "model.onnx.data"


class Onnx(Exporter):
    """ONNX through torch.export, for onnxruntime on CPU, CUDA, TensorRT and OpenVINO.

    The graph is the network's own, of standard operators. Three exact changes make it faster: where only the first token
    of a text is read at the end, the last block is computed for that token alone; the projections of attention that
    read the same states become one multiplication; and attention reads and writes states as projections have them.
    A language model becomes a graph with a cache: it reads the new tokens, beside the keys and values of those before.
    """

    runtime = "onnx"
    writes = True
    extra = "export"
    opset: int = Field(23, ge=18, le=23, description="ONNX opset; 23 has attention as one operator, 18 runs on more.")
    static: bool = Field(False, description="Fixed shapes, as FPGA and NPU compilers want them.")
    batch: int = Field(1, ge=1, description="Examples of a batch where shapes are fixed.")
    length: int | None = Field(
        None, ge=4, description="Tokens of an example where shapes are fixed; null: the model's limit."
    )
    optimize: bool = Field(True, description="Make the exact changes to the graph.")
    preprocessing: bool = Field(
        False,
        description="Normalisation of pictures, spectrograms of sounds inside the graph: it reads pixels or samples.",
    )
    raw: bool = Field(
        False,
        description="All preprocessing inside the graph: it reads texts, pictures or sounds as they are, one example at a time.",
    )
    plain: bool = Field(False, description="Special operators for general ones, as compilers for hardware want them.")

    @model_validator(mode="after")
    def _raw_is_free(self) -> Onnx:
        if self.raw and (self.static or self.preprocessing):
            raise ValueError("raw goes neither with static nor with preprocessing: sizes are free, and all is inside")
        return self

    def require(self, target: Target) -> None:
        """What hears and writes has two networks, of which this graph would be one."""
        if isinstance(target, Generative) and target.shape == "decoded":
            raise InputError(
                "an ONNX graph with a cache is made of language models, and this network hears and writes",
                fix="burnish export RUN --to ctranslate2",
                place="--to",
            )

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Write model.onnx, beside model.onnx.data where the weights are over 1.8 GB."""
        self.require(source.target)
        if isinstance(source.target, Generative) and source.target.shape != "frames":
            return self._with_cache(source, folder)
        shapes, arrays, length = self._shapes(source)
        program = self._program(source, shapes, arrays)
        model = program.model
        whole_caches(model.graph)
        changes: dict[str, int] = {}
        if self.optimize:
            changes = _optimized(model, flat=not self.plain)
        if self.plain:
            from burnish.exporters.onnx import plain as _onnx_plain

            changes |= _onnx_plain.plain(model)
        if self.optimize or self.plain:
            tell("graph: " + (", ".join(f"{n} {what}" for what, n in changes.items()) or "nothing to change"))
        _written(model, folder)
        return {
            "file": FILE,
            "opset": self.opset,
            "inputs": {name: {"type": str(arrays[name].dtype), "shape": shape} for name, shape in shapes.items()},
            "graph_changes": changes,
            **({"kept_in_float": _first_nodes(model)} if self.preprocessing else {}),
            **({"max_length": length} if length is not None and length != source.max_length else {}),
        }

    def _with_cache(self, source: Exportable, folder: Path) -> dict[str, Any]:
        """A network that writes, with the files that render its prompts."""
        for name in ("static", "raw", "preprocessing", "plain"):
            if getattr(self, name):
                raise InputError(
                    f"{name} is for models that predict in one pass, and this one writes", fix=f"leave {name} out"
                )
        _require_onnxscript()
        from burnish.exporters.onnx.cached import program, remembering, shapes_of, type_of

        module, layers = remembering(source)
        shapes = shapes_of(layers)
        model = program(module, shapes, self.opset).model
        whole_caches(model.graph)
        changes = _optimized(model, flat=False) if self.optimize else {}
        _written(model, folder)
        for name in beside_weights(source.model):
            shutil.copy2(source.model / name, folder / name)
        inputs = {name: {"type": type_of(name), "shape": shape} for name, shape in shapes.items()}
        return {"file": FILE, "opset": self.opset, "inputs": inputs, "graph_changes": changes}

    def _shapes(self, source: Exportable) -> tuple[dict[str, list[int | str]], dict[str, Any], int | None]:
        """Shapes with words for what is free, arrays to trace with, and the fixed length."""
        import numpy as np

        if source.target.shape == "frames" and self.static:
            raise InputError(
                "recordings differ in length, and answers of CTC must not depend on what is behind their end",
                expected="free shapes",
                fix="leave --static out",
                place="--static",
            )
        length = None
        shapes: dict[str, list[int | str]] = {}
        arrays = {}
        windows = MEMBERSHIP in source.arrays
        if windows and self.static:
            raise one_window("fixed shapes", "leave --static out")
        for name, value in source.arrays.items():
            free: list[int | str] = ["windows" if windows else "batch", *value.shape[1:]]
            if name == MEMBERSHIP:
                shapes[name], arrays[name] = ["batch", "windows"], value
                continue
            if source.target.shape == "frames":
                if name == MASK:  # rows of equal length share a batch, and none is padded
                    continue
                free[-1] = "length"
            elif value.ndim == 2 and (source.input.lengths_matter or "attention_mask" in source.arrays):
                free[1] = "length"
            if self.static:
                free[0] = self.batch
                if "length" in free:
                    length = self._length(source)
                    free[free.index("length")] = length
            shapes[name] = free
            sizes = [n if isinstance(n, int) else value.shape[axis] for axis, n in enumerate(free)]
            arrays[name] = np.ascontiguousarray(_resized(value, sizes))
        return shapes, arrays, length

    def _length(self, source: Exportable) -> int:
        try:
            return fixed_length(self.length, source.max_length)
        except ValueError:
            raise InputError("the model has no limit of length", fix="name one: --length 128") from None

    def _program(self, source: Exportable, shapes: dict[str, list[int | str]], arrays: dict[str, Any]) -> Any:
        _require_onnxscript()
        import torch

        names = list(arrays)
        dynamic = [{a: n for a, n in enumerate(shape) if isinstance(n, str)} for shape in shapes.values()]
        tensors = [torch.from_numpy(arrays[name]) for name in names]
        try:
            return traced(positional(source, names), tensors, names, ["logits"], {"inputs": tuple(dynamic)}, self.opset)
        except Exception as error:  # the exporter raises many kinds
            said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise RunFailed(
                f"torch.export cannot convert this network: {said.strip()}",
                fix="export with static=true, or to safetensors; attention: eager in model helps some architectures",
            ) from error


def _require_onnxscript() -> None:
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError("exporting to ONNX needs onnxscript", fix="pip install 'burnish[export]'") from error


def positional(source: Exportable, names: list[str]) -> torch.nn.Module:
    """The network with its inputs in order instead of by name, as export wants them."""
    import torch

    class Positional(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = source.network

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(**dict(zip(names, inputs, strict=True)))
            return logits

    return Positional().eval()


def _optimized(model: Any, *, flat: bool) -> dict[str, int]:
    """Change a model in place; returns what was done how often. `flat`: attention may read states as projections have them."""
    import onnx_ir.passes.common as passes

    from burnish.exporters.onnx.attention import flatten_attention
    from burnish.exporters.onnx.graph import merge_projections, narrow_to_first

    passes.ShapeInferencePass()(model)
    done = {
        "operators narrowed to the first token": narrow_to_first(model.graph),
        "groups of projections merged": merge_projections(model.graph),
        "attentions given flat states": flatten_attention(model.graph) if flat else 0,
    }
    passes.RemoveUnusedNodesPass()(model)
    return {what: n for what, n in done.items() if n}


def _first_nodes(model: Any) -> list[str]:
    """Names of the nodes that do the preprocessing: those of the module before the network, and what leads to them.

    A Fourier transform and a logarithm in eight bits are none: quantisation leaves these nodes alone.
    """
    waiting = [n for n in model.graph if f"'{FIRST}'" in n.metadata_props.get("pkg.torch.onnx.name_scopes", "")]
    names: dict[str, None] = {}
    while waiting:
        node = waiting.pop()
        if node.name not in names:
            names[node.name] = None
            waiting += [p for value in node.inputs if value is not None and (p := value.producer()) is not None]
    return sorted(names)


def _resized(value: Any, sizes: list[int]) -> Any:
    """Cut or padded to a shape; the rows are repeated where there are too few."""
    import numpy as np

    value = value[tuple(slice(0, n) for n in sizes)]
    rows = [(0, sizes[0] - len(value)), *((0, 0) for _ in sizes[1:])]
    value = np.pad(value, rows, mode="edge")
    return np.pad(value, [(0, n - have) for n, have in zip(sizes, value.shape, strict=True)])


def _written(model: Any, folder: Path) -> None:
    import onnx_ir

    for node in model.graph:  # where the code lay on the machine that exported is nobody's business
        node.metadata_props.pop("pkg.torch.onnx.stack_trace", None)
    size = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value is not None)
    onnx_ir.save(model, folder / FILE, external_data=WEIGHTS if size > LARGEST else None)
