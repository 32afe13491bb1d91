"""Texts written by a checkpoint with an adapter laid over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Generate
from burnish.runtimes._writing_only import WritingOnly
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.models import Model


class Peft(WritingOnly):
    """The checkpoint that the run began with, and the exported adapter over it, in torch and float32."""

    reads: ClassVar[str] = "peft"

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The checkpoint that `model` names, with the adapter of this folder.

        Raises:
            InputError: torch or peft is missing, the checkpoint is not there, or the adapter is not one of it.
        """
        try:
            import peft  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise InputError("this runtime needs torch and peft", fix="pip install 'burnish[train]'") from error
        from burnish.core.low_rank import lay_over
        from burnish.runtimes._in_memory import generating

        named = {"kind": model["kind"], "name": model["name"]}
        network = cast("Model", build("burnish.models", named)).build(input, target, seed=0)
        lay_over(network.backbone(), folder)
        return generating(network.eval())
