"""Answers computed by torch, in float32."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Generate, Runner, Runtime
from burnish.runtimes._in_memory import computing as computing
from burnish.runtimes._in_memory import generating as generating
from burnish.runtimes._in_memory import running as running
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.models import Model


class Torch(Runtime):
    """The trained network itself, in eval mode and float32, on a CPU or GPU."""

    device: str = Field(
        "cpu", description="Where it computes: cpu, cuda, cuda:1, mps; auto: the GPU where there is one."
    )

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """The network as it was saved."""
        return running(self.network(folder, model, input, target))

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The network as it was saved, with its own cache."""
        return generating(self.network(folder, model, input, target))

    def network(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Network:
        """The network itself, for what no seam gives: its losses, say.

        Raises:
            InputError: torch is not installed.
        """
        try:
            import torch  # noqa: F401
        except ImportError as error:
            raise InputError("this runtime needs torch", fix="pip install 'burnish[train]'") from error
        from burnish.core.ensemble import read

        loader = cast("Model", build("burnish.models", {"kind": model["kind"]}, trust_code=_imported(model["kind"])))
        return self.placed(read(folder, lambda place: loader.load(place, input, target)))

    def placed(self, network: Network) -> Network:
        """A network on the device."""
        import torch

        return network.to(torch.device(_best() if self.device == "auto" else self.device))


def _imported(kind: str) -> bool:
    """Whether a model is code from outside that the bundle was trusted with: then it has been imported."""
    return kind.partition(":")[0] in sys.modules


def _best() -> str:
    """The GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
