"""Answers computed by torch, in float32."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Run, Runtime
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.models import Model


class Torch(Runtime):
    """The trained network itself, in eval mode and float32, on a CPU or GPU."""

    device: str = Field(
        "cpu", description="Where it computes: cpu, cuda, cuda:1, mps; auto: the GPU where there is one."
    )

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Run:
        """The network as it was saved."""
        try:
            import torch
        except ImportError as error:
            raise InputError("this runtime needs torch", fix="pip install 'burnish[train]'") from error
        loader = cast("Model", build("burnish.models", {"kind": model["kind"]}, trust_code=_imported(model["kind"])))
        network = loader.load(folder, input, target)
        return running(network.to(torch.device(_best() if self.device == "auto" else self.device)))


def _imported(kind: str) -> bool:
    """Whether a model is code from outside that the bundle was trusted with: then it has been imported."""
    return kind.partition(":")[0] in sys.modules


def _best() -> str:
    """The GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def running(network: Network) -> Run:
    """A network in memory as a `Run`: eval mode, no gradients, float32 out."""
    import torch

    def run(**arrays: Array) -> Array:
        network.eval()
        device = next(network.parameters()).device
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}
            return cast(Array, network(**tensors).float().cpu().numpy())

    return run
